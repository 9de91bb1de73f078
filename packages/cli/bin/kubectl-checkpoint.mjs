#!/usr/bin/env node
// The kubectl plugin: `kubectl checkpoint POD` is `stillframe checkpoint --cluster POD`, with the same options.
process.argv.splice(2, 0, 'checkpoint', '--cluster');
await import('./stillframe.mjs');
