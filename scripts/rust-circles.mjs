// Fails where modules of a Rust crate depend on each other in a circle.
//   node scripts/rust-circles.mjs
//
// A module is a file. It depends on every module that its code names, by `use`, by path or by `pub use`; declaring a child
// (`mod child;`) is no dependency. Unit tests do not count.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const CRATES = [
  'crates/engine/src/lib.rs', 'crates/imaging/src/lib.rs', 'src/lib.rs', 'trainer/src/lib.rs',
  ...['cpu', 'loader', 'lab', 'webgpu'].map((module) => `src/wasm_api/${module}.rs`),
];

const exists = (file) => stat(file).then(() => true, () => false);

/** Code without comments, strings and unit tests; strings become empty ones. */
export function bare(source) {
  const tokens = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|r(#*)"[\s\S]*?"\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\.|[^'\\])'/g;
  const code = source.replace(tokens, (token) => (token.startsWith('/') ? ' ' : '""'));
  return withoutTests(code);
}

// `#[cfg(test)]`, alone or with more conditions, and the item behind it: up to its semicolon or its closing brace.
function withoutTests(code) {
  const at = code.search(/#\[cfg\((all\()?test\b/);
  if (at < 0) return code;
  let end = at;
  for (let depth = 0; end < code.length; end += 1) {
    if (code[end] === '{') depth += 1;
    if (code[end] === '}' && (depth -= 1) === 0) break;
    if (code[end] === ';' && depth === 0) break;
  }
  return withoutTests(code.slice(0, at) + code.slice(end + 1));
}

/** Every path of a use tree: `a::{b, c::d}` gives `a::b` and `a::c::d`. */
export function paths(tree) {
  const text = tree.replace(/\s+as\s+\w+/g, '').replace(/\s+/g, '');
  const brace = text.indexOf('{');
  if (brace < 0) return [text];
  const parts = [];
  let depth = 0;
  let part = '';
  for (const c of text.slice(brace + 1, text.lastIndexOf('}'))) {
    if (c === '{') depth += 1;
    if (c === '}') depth -= 1;
    if (c === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += c;
  }
  parts.push(part);
  return parts.filter(Boolean).flatMap((inner) => paths(inner).map((each) => text.slice(0, brace) + each));
}

/** The modules of a crate by path (`decode::dicom`), each with its bare code. */
async function modules(file, name = '', found = new Map()) {
  const code = bare(await readFile(file, 'utf8'));
  found.set(name, { code, file });
  // Children of a crate's root lie beside it, those of another module in a folder of its name.
  const folder = name === '' || path.basename(file) === 'mod.rs' ? path.dirname(file) : file.replace(/\.rs$/, '');
  for (const [, child] of code.matchAll(/\bmod\s+(\w+)\s*;/g)) {
    const candidates = [path.join(folder, `${child}.rs`), path.join(folder, child, 'mod.rs')];
    for (const candidate of candidates) {
      if (await exists(candidate)) await modules(candidate, name ? `${name}::${child}` : child, found);
    }
  }
  return found;
}

/** The module that a path of `from` names, or nothing where it leaves the crate. */
function resolve(from, text, all) {
  const segments = text.split('::').filter(Boolean);
  let here = from ? from.split('::') : [];
  const first = segments[0];
  if (first === 'crate') {
    here = [];
    segments.shift();
  } else if (first === 'self') segments.shift();
  else if (first === 'super') {
    while (segments[0] === 'super') {
      here = here.slice(0, -1);
      segments.shift();
    }
  } else if (!all.has([...here, first].join('::'))) return undefined;
  while (segments.length > 0 && all.has([...here, segments[0]].join('::'))) here = [...here, segments.shift()];
  return here.join('::');
}

function dependencies(name, code, all) {
  const named = new Set();
  const add = (text) => {
    const to = resolve(name, text, all);
    if (to !== undefined && to !== name) named.add(to);
  };
  const rest = code.replace(/\buse\s+([^;]+);/g, (_, tree) => {
    paths(tree).forEach(add);
    return '';
  });
  for (const [text] of rest.matchAll(/\b(?:crate|super|self)(?:::\w+)+/g)) add(text);
  for (const [text, first] of rest.matchAll(/(?<![:\w])(\w+)(?:::\w+)+/g)) if (!/^(?:crate|super|self)$/.test(first)) add(text);
  return named;
}

/** Groups of modules that depend on each other, by Tarjan. */
export function circles(graph) {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const found = [];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) {
        visit(next);
        low.set(node, Math.min(low.get(node), low.get(next)));
      } else if (stack.includes(next)) low.set(node, Math.min(low.get(node), index.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    const group = stack.splice(stack.indexOf(node));
    if (group.length > 1) found.push(group);
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let bad = 0;
  let count = 0;
  for (const crate of CRATES) {
    const all = await modules(path.join(root, crate));
    count += all.size;
    const graph = new Map([...all].map(([name, { code }]) => [name, dependencies(name, code, all)]));
    for (const group of circles(graph)) {
      bad += 1;
      console.error(`${crate}: in a circle: ${group.map((name) => name || 'the crate itself').sort().join(', ')}`);
      for (const name of group) console.error(`  ${name || 'the crate itself'} -> ${[...graph.get(name)].filter((to) => group.includes(to)).map((to) => to || 'the crate itself').join(', ')}`);
    }
  }
  if (bad > 0) process.exit(1);
  console.log(`no circle among ${count} modules of ${CRATES.length} crates`);
}
