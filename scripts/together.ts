/**
 * Test files that one process runs, one after the other: what they load in common is then loaded once, which for short files
 * is most of what they cost. The files are the arguments; node:test tells of each test in which of them it stands.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

for (const file of process.argv.slice(2)) await import(pathToFileURL(resolve(file)).href);
