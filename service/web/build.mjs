// Builds the desk and the API's reference into dist/: one script and one style sheet each, the fonts and icons they name. Nothing is fetched when the page is used.
import { cp, rm } from "node:fs/promises";
import { build } from "esbuild";

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: ["src/desk.ts", "src/desk.css", "src/reference.ts", "src/reference.css", "src/login.css"],
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2021",
  loader: { ".woff2": "file" },
  assetNames: "[name]",
  legalComments: "linked",
  logLevel: "warning",
});
await cp("icons", "dist/icons", { recursive: true });
