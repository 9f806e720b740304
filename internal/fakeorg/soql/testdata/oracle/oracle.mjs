// Prints what another parser makes of each statement of the corpus: = and the
// statement as it composes it again, or ! and the first line of its refusal.
// node oracle.mjs FOLDER-OF-NODE_MODULES FILE...
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const [modules, ...files] = process.argv.slice(2);
const require = createRequire(resolve(modules) + '/');
const { parseQuery, composeQuery } = require('@jetstreamapp/soql-parser-js');

function outcome(statement) {
  try {
    return '= ' + composeQuery(parseQuery(statement)).replaceAll('\n', '⏎');
  } catch (refusal) {
    return '! ' + String(refusal.message).split('\n')[0];
  }
}

for (const file of files) {
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('> ')) {
      console.log(line + '\n' + outcome(line.slice(2).replaceAll('⏎', '\n')));
    }
  }
}
