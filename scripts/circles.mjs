// Fails where modules of the page (types count too) or of the scripts import each other in a circle, and where a folder of
// www/src imports one that it must not know: a worker nothing of the page, for example.
//   node scripts/circles.mjs
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCircular, parseDependencyTree } from 'dpdm';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Which other folders of www/src each may import from. */
const MAY_IMPORT = {
  page: ['shared', 'strings', 'ui'],
  worker: ['shared', 'strings'],
  sw: ['shared'],
  shared: ['strings'],
  strings: ['shared', 'ui'],
  ui: ['shared', 'strings'],
};

const folderOf = (file) => /^www\/src\/(\w+)\//.exec(file)?.[1];

/** What is wrong, a line each; nothing where all is well. */
export async function findCircles() {
  const tree = await parseDependencyTree(['www/src/**/*.ts', 'scripts/**/*.mjs'], { context: root, transform: false });
  const problems = parseCircular(tree).map((circle) => `imports in a circle: ${circle.join(' -> ')}`);
  for (const [file, imports] of Object.entries(tree)) {
    const from = folderOf(file);
    for (const { id } of imports ?? []) {
      const to = id && folderOf(id);
      if (from && to && to !== from && !MAY_IMPORT[from].includes(to)) problems.push(`${file} must not import ${id}: ${from}/ knows only ${MAY_IMPORT[from].join(', ')}`);
    }
  }
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = await findCircles();
  for (const problem of problems) console.error(`circles: ${problem}`);
  process.exit(problems.length > 0 ? 1 : 0);
}
