// The API's reference, on which every operation can be tried. The page names the description; nothing else is fetched.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle";

const page = document.getElementById("reference");
if (page) {
  SwaggerUI({
    domNode: page,
    url: page.dataset.description,
    deepLinking: true,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: true,
    persistAuthorization: false, // a key stays in the page's memory
    validatorUrl: null,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
  });
}
