/** Where a node is and who holds it: for commands that speak to one and load nothing of what it does. */
export { ownerOf, takeOwnership } from './owner.ts';
export { defaultPaths, foldersOf, type NodePaths } from './paths.ts';
