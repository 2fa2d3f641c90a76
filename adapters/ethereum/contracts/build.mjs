// Compiles src/ into the Python package's artifacts and test/ into the tests'. `--check` only compares.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

// The contracts that somebody deploys or calls, and where their artifacts go. The others are parts of these.
const targets = [
  {
    folder: join(here, "../src/citygate/ethereum/artifacts"),
    contracts: {
      "src/FabricVerifier.sol": ["FabricVerifier"],
      "src/Gate.sol": ["Gate"],
      "src/Ticket.sol": ["Ticket"],
      "src/Vouchers.sol": ["Vouchers"],
      "@openzeppelin/contracts/access/manager/AccessManager.sol": ["AccessManager"],
    },
  },
  {
    folder: join(here, "../tests/contracts/artifacts"),
    contracts: Object.fromEntries(
      ["HostileAccount", "HostileERC20", "PlainERC1155", "PlainERC20", "PlainERC721"].map((name) => [
        `test/${name}.sol`,
        [name],
      ]),
    ),
  },
];

const settings = {
  viaIR: true,
  optimizer: { enabled: true, runs: 200 },
  evmVersion: "prague",
  // No hash of the sources' metadata: the same code gives the same bytes whatever its comments say.
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: Object.fromEntries(
    targets.flatMap(({ contracts }) =>
      Object.entries(contracts).map(([source, names]) => [
        source,
        Object.fromEntries(names.map((name) => [name, ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]])),
      ]),
    ),
  ),
};

const read = (path) => readFileSync(path.startsWith("@") ? require.resolve(path) : join(here, path), "utf8");

function compile() {
  const sources = Object.fromEntries(
    targets.flatMap(({ contracts }) => Object.keys(contracts).map((path) => [path, { content: read(path) }])),
  );
  const input = JSON.stringify({ language: "Solidity", sources, settings });
  const load = (path) => {
    try {
      return { contents: read(path) };
    } catch (error) {
      return { error: error.message };
    }
  };
  const output = JSON.parse(solc.compile(input, { import: load }));
  // 2394: reminds whoever uses transient storage to clear it; OpenZeppelin's reentrancy guard does.
  const faults = (output.errors ?? []).filter(({ errorCode }) => errorCode !== "2394");
  for (const fault of faults) console.error(fault.formattedMessage);
  if (faults.length > 0) process.exit(1);
  return output.contracts;
}

// EIP-170: no contract's code may be larger.
const MAX_CODE = 24_576;

function artifact(name, { abi, evm }) {
  const size = evm.deployedBytecode.object.length / 2;
  if (size > MAX_CODE) {
    console.error(`${name} has ${size} bytes of code, more than the ${MAX_CODE} that an EVM takes`);
    process.exit(1);
  }
  console.log(`${name}: ${size} bytes`);
  // One line for each part of the interface, so that a difference between two versions can be read.
  const parts = abi.map((part) => `  ${JSON.stringify(part)}`).join(",\n");
  return `{"contractName": "${name}", "abi": [\n${parts}\n],\n"bytecode": "0x${evm.bytecode.object}"}\n`;
}

const compiled = compile();
const checking = process.argv.includes("--check");
let stale = false;
for (const { folder, contracts } of targets) {
  const wanted = new Map(
    Object.entries(contracts).flatMap(([source, names]) =>
      names.map((name) => [`${name}.json`, artifact(name, compiled[source][name])]),
    ),
  );
  mkdirSync(folder, { recursive: true });
  const present = readdirSync(folder).filter((file) => file.endsWith(".json"));
  for (const file of new Set([...present, ...wanted.keys()])) {
    const path = join(folder, file);
    const content = wanted.get(file);
    if (content === (present.includes(file) ? readFileSync(path, "utf8") : undefined)) continue;
    if (checking) {
      stale = true;
      console.error(`${path} is not what the sources compile to: run \`npm run build\``);
    } else if (content === undefined) {
      rmSync(path);
    } else {
      writeFileSync(path, content);
    }
  }
}
process.exit(stale ? 1 : 0);
