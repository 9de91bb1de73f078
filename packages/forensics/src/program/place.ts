/** Where a program lies, and what that says of it. */

/** `temporary`: a folder that anybody may write to; `hidden`: a name that begins with a dot; `system`: where packages put programs. */
export type Place = 'temporary' | 'hidden' | 'system' | 'other';

const TEMPORARY = /^\/(?:tmp|var\/tmp|dev\/shm|run\/shm|dev\/mqueue|var\/lock|run\/lock|run\/user\/\d+)\//;
const SYSTEM = /^\/(?:usr\/|bin\/|sbin\/|lib(?:32|64|x32)?\/|opt\/|nix\/store\/|gnu\/store\/|snap\/|libexec\/)/;

/** Folders with a dot in which people, not packages, keep programs: managers of versions and of packages, editors, caches of those. */
const KNOWN_HIDDEN =
  /^\.(?:local|nvm|fnm|volta|asdf|mise|pyenv|rbenv|goenv|jenv|nodenv|tfenv|sdkman|cargo|rustup|bun|deno|dotnet|nuget|gradle|m2|ivy2|sbt|npm|npm-global|npm-packages|yarn|pnpm|pnpm-store|venv|virtualenvs|virtualenv|conda|mamba|pixi|pkgx|linuxbrew|nix-profile|nix-defexpr|vscode-server|vscode-remote|vscode|cursor-server|code-server|openvscode-server|bin|jdks|opam|ghcup|cabal|stack|krew|helm|terraform\.d|terraform|docker|rd|wasmtime|wasmer|foundry|juliaup|julia|pulumi|ansible|poetry|uv|rye|tox|nox|cache\/(?:uv|pip|pypoetry|puppeteer|ms-playwright|bazel|go-build|pre-commit|node|JetBrains))$/;

/** Of a path as it stands in the container; hidden in a temporary place is `hidden`. */
export function placeOf(path: string): Place {
  if (isHidden(path)) return 'hidden';
  if (TEMPORARY.test(path)) return 'temporary';
  return SYSTEM.test(path) ? 'system' : 'other';
}

/** In a folder that is gone at the next start, or that everybody may write to. */
export function isTemporary(path: string): boolean {
  return TEMPORARY.test(path);
}

/** Whether a part of the path begins with a dot, and is none of those that are known. In a temporary place none is known. */
export function isHidden(path: string): boolean {
  const parts = path.split('/');
  const temporary = isTemporary(path);
  return parts.some((part, index) => {
    if (!part.startsWith('.') || part === '.' || part === '..') return false;
    return temporary || !(KNOWN_HIDDEN.test(part) || KNOWN_HIDDEN.test(`${part}/${parts[index + 1] ?? ''}`));
  });
}
