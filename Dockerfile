# The service as a container: `docker compose up` starts it beside Neo4j and PostgreSQL, behind TLS (compose.yaml, docs/deploy.md).
FROM python:3.11.13-slim-bookworm
# Nothing is written beside the code when it runs; what numba compiles goes into /tmp, the one place that a read-only container can write to.
ENV PYTHONDONTWRITEBYTECODE=1 NUMBA_CACHE_DIR=/tmp/numba
WORKDIR /app
RUN pip install --no-cache-dir uv && useradd --create-home --uid 1000 ringfence
COPY setup.cfg pyproject.toml constraints.txt README.md LICENSE ./
COPY graph graph
COPY gnn gnn
COPY ingestion ingestion
COPY investigations investigations
COPY service service
COPY scripts scripts
RUN uv pip install --system --no-cache --compile-bytecode --constraint constraints.txt --editable ".[neo4j,oidc,postgres,web]" && bash service/web/build.sh "$(command -v python)" \
    && rm -rf service/web/node_modules && python -m compileall -q graph gnn ingestion investigations service scripts && chmod -R a+rX .
USER ringfence
EXPOSE 8000
CMD ["python", "scripts/serve.py", "--host", "0.0.0.0"]
