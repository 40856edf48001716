import { become, prepare } from "./prepare.mjs";

// Runs a source file, which is the first argument, under the Node that it needs.

prepare();
become(process.argv.slice(2));
