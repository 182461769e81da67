// Builds what the pages load into ../static/dist: one stylesheet, one script, one icon sprite, and the licences
// of what went into them. Nothing is fetched at run time: police networks are closed.
import {build} from "esbuild";
import {readFileSync, readdirSync, mkdirSync, rmSync, writeFileSync, statSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..", "..");
const out = join(here, "..", "static", "dist");
const modules = join(root, "node_modules");
const packages = ["@tabler/core", "@tabler/icons", "@popperjs/core", "htmx.org", "@noble/curves", "@noble/hashes", "fflate"];

function* files(folder, ends) {
  for (const entry of readdirSync(folder, {withFileTypes: true})) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path, ends);
    else if (ends.some((end) => entry.name.endsWith(end))) yield path;
  }
}

// An icon is used by writing {% icon "name" %} or {% empty "name" ... %} in a template, or icon="name" in Python.
function iconNames() {
  const names = new Set();
  const uses = [/\{%\s*(?:icon|empty)\s+["']([a-z0-9-]+)["']/g, /icon=["']([a-z0-9-]+)["']/g];
  for (const path of files(join(root, "src", "suyuan"), [".html", ".py"])) {
    const text = readFileSync(path, "utf8");
    for (const use of uses) for (const [, name] of text.matchAll(use)) names.add(name);
  }
  return [...names].sort();
}

function sprite(names) {
  const symbols = names.map((name) => {
    const svg = readFileSync(join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
    const inner = svg.replace(/<!--.*?-->/gs, "").match(/<svg[^>]*>(.*)<\/svg>/s)[1].replace(/\s+/g, " ").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24">${inner}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

function licences() {
  return packages
    .map((name) => {
      const folder = join(modules, name);
      const {version, license} = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), "utf8") : ""}`;
    })
    .join("\n----\n\n");
}

rmSync(out, {recursive: true, force: true});
mkdirSync(out, {recursive: true});
await build({
  entryPoints: [join(here, "suyuan.js"), join(here, "suyuan.css")],
  outdir: out,
  bundle: true,
  minify: true,
  legalComments: "none",
  target: ["chrome100", "firefox100", "safari15.4"],
  loader: {".svg": "dataurl", ".woff2": "file"},
  nodePaths: [modules],
  logLevel: "warning",
});
// The verifier is one page that stands alone: it is carried to machines that this server has never seen.
const verifier = await build({
  entryPoints: [join(here, "verify.mjs")],
  write: false,
  bundle: true,
  minify: true,
  legalComments: "none",
  target: ["chrome100", "firefox104", "safari15.4"],
  nodePaths: [modules],
  logLevel: "warning",
});
const script = verifier.outputFiles[0].text.trim().replaceAll("</script", "<\\/script");
writeFileSync(join(out, "verify.html"), readFileSync(join(here, "verify.html"), "utf8").replace("/*SCRIPT*/", () => script));
const names = iconNames();
writeFileSync(join(out, "icons.svg"), sprite(names));
writeFileSync(join(out, "licences.txt"), licences());
for (const path of files(out, [""])) {
  console.log(`${(statSync(path).size / 1024).toFixed(0).padStart(5)} KB  ${path.slice(out.length + 1)}`);
}
console.log(`${names.length} icons`);
