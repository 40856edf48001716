import { appendFile } from "node:fs/promises";
import { signIn } from "@gatehouse/testing/sign-in";

// Stands in for a browser and the person in front of it: opens the URL that a client wants opened, signs in, allows, and
// goes where that leads.

const { PERSON_EMAIL: email = "", PERSON_PASSWORD: password = "", PERSON_LOG = "" } = process.env;
const callback = await signIn(process.argv[2]!, { email, password });
await appendFile(PERSON_LOG, `${callback.host}\n`);
await fetch(callback);
