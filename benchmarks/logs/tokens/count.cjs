// Reads a JSON list of texts, prints the list of their cl100k token counts. NODE_PATH has to name js-tiktoken's folder.
const { readFileSync } = require("node:fs");
const { Tiktoken } = require("js-tiktoken/lite");
const vocabulary = new Tiktoken(require("js-tiktoken/ranks/cl100k_base"));
const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((text) => vocabulary.encode(text, [], []).length)));
