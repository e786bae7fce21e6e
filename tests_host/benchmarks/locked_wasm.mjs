// SPDX-License-Identifier: MIT
// locked.py on MicroPython's 32-bit WebAssembly port, where a small int ends at 2**30:
//
//     node tests_host/benchmarks/locked_wasm.mjs TAPE CHIP VARIANT LCD FROM_PASS
//
// firmware/, tests_host/benchmarks/ and the tape are copied into the interpreter's own file system.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

const HEAP_BYTES = 4 * 1024 * 1024;
const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function copyTree(fs, folder, target) {
  fs.mkdirTree(target);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const from = join(folder, entry.name);
    if (entry.isDirectory()) copyTree(fs, from, `${target}/${entry.name}`);
    else if (entry.name.endsWith(".py")) fs.writeFile(`${target}/${entry.name}`, readFileSync(from));
  }
}

const micropython = await loadMicroPython({ heapsize: HEAP_BYTES, stdout: (line) => console.log(line) });
copyTree(micropython.FS, join(project, "firmware"), "/firmware");
copyTree(micropython.FS, join(project, "tests_host/benchmarks"), "/benchmarks");
const [tape, chip, variant, lcd, fromPass] = process.argv.slice(2);
micropython.FS.writeFile("/tape", readFileSync(tape));
micropython.globals.set("options", JSON.stringify([chip, variant, lcd, Number(fromPass)]));
try {
  micropython.runPython(`
import json, sys
assert sys.maxsize == 0x7FFFFFFF, "this is not a 32-bit port"
sys.path[:0] = ["/firmware", "/benchmarks"]
import locked
print(locked.play("/tape", *json.loads(options)))
`);
} catch (error) {
  console.log(String(error));
  process.exitCode = 1;
}
