// SPDX-License-Identifier: MIT
// Runs run_mp.py on MicroPython's 32-bit WebAssembly port: the same unit tests where a small int ends at 2**30.
//
//     node tests_host/run_wasm.mjs [-v] [FILTER]
//
// firmware/, boards/ and tests_host/unit/ are copied into the interpreter's own file system (it sees nothing of the host's). Output,
// filter and exit code are those of run_mp.py; `npm ci` installs the interpreter.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

const HEAP_BYTES = 16 * 1024 * 1024;
const ROOT = "/ferraris";
const project = dirname(dirname(fileURLToPath(import.meta.url)));

function copyTree(fs, folder) {
  fs.mkdirTree(`${ROOT}/${folder}`);
  for (const entry of readdirSync(join(project, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (entry.name !== "__pycache__") copyTree(fs, path);
    } else {
      fs.writeFile(`${ROOT}/${path}`, readFileSync(join(project, path)));
    }
  }
}

const micropython = await loadMicroPython({ heapsize: HEAP_BYTES, stdout: (line) => console.log(line) });
copyTree(micropython.FS, "firmware");
copyTree(micropython.FS, "boards");
copyTree(micropython.FS, "tests_host/unit");
micropython.FS.writeFile(`${ROOT}/tests_host/run_mp.py`, readFileSync(join(project, "tests_host/run_mp.py")));

micropython.globals.set("arguments", JSON.stringify(process.argv.slice(2)));
try {
  micropython.runPython(`
import json, sys
assert sys.maxsize == 0x7FFFFFFF, "this is not a 32-bit port"
sys.path.insert(0, "${ROOT}/tests_host")
import run_mp
code = run_mp.main("${ROOT}", json.loads(arguments))
`);
  process.exitCode = micropython.globals.get("code");
} catch (error) {
  console.log(String(error));
  process.exitCode = 1;
}
