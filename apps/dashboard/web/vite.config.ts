import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Beside each file stands what is sent of it. */
const compressed: Plugin = {
  name: "compressed",
  async writeBundle({ dir }, bundle) {
    for (const name of Object.keys(bundle).filter((name) => /\.(js|css|svg)$/.test(name))) {
      const file = join(dir!, name);
      const content = await readFile(file);
      await writeFile(`${file}.br`, brotliCompressSync(content));
      await writeFile(`${file}.gz`, gzipSync(content));
    }
  },
};

export default defineConfig({
  root: import.meta.dirname,
  base: "/dashboard/",
  plugins: [react(), compressed],
  // The server puts a fresh nonce in its place for every answer.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    ...{ outDir: "dist", emptyOutDir: true, assetsInlineLimit: 0 },
    // Those that know light-dark(): what would stand in for it does not follow a scheme that is chosen in the page.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
  },
});
