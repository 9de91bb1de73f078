/** A program of ours in one file, as the command is bundled: `node bundle.mjs ENTRY FILE`. */
import { build } from 'esbuild';
import { OURS } from '../../setup/bundled-sources.mjs';

const [entry, outfile] = process.argv.slice(2);
const form = { bundle: true, platform: 'node', target: 'node24', format: 'esm' };
await build({ entryPoints: [entry], outfile, plugins: [OURS], ...form });
