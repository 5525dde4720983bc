# The service as a container: `docker compose up` starts it beside Neo4j and PostgreSQL (compose.yaml).
FROM python:3.11-slim
WORKDIR /app
RUN pip install --no-cache-dir uv && useradd --create-home ringfence
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY graph graph
COPY gnn gnn
COPY ingestion ingestion
COPY investigations investigations
COPY service service
COPY scripts scripts
RUN uv pip install --system --no-cache --editable ".[neo4j,postgres,web]" && bash service/web/build.sh "$(command -v python)"
USER ringfence
EXPOSE 8000
CMD ["python", "scripts/serve.py", "--host", "0.0.0.0"]
