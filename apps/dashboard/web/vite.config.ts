import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "/dashboard/",
  plugins: [react()],
  // The server puts a fresh nonce in its place for every answer.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    ...{ outDir: "dist", emptyOutDir: true, assetsInlineLimit: 0 },
    // Those that know light-dark(): what would stand in for it does not follow a scheme that is chosen in the page.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
  },
});
