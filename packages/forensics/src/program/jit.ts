/** Programs and libraries that make code while they run, so that executable memory without a file is nothing odd in them. */
import type { Tables } from '../analysers/index.ts';
import type { ProcessRow } from '../analysers/processes.ts';
import { baseName, programOf } from './program.ts';
import { mappingsOf } from './rows.ts';

const PROGRAMS =
  /^(?:node|nodejs|deno|bun|java|javaw?|jshell|dotnet|mono|mono-sgen|luajit[\d.\-a-z]*|pypy[\d.]*|qemu-.*|beam(?:\.smp)?|julia|wasmtime|wasmer|wasmedge|wasm-?\w*|chrome|chromium.*|chrome_crashpad.*|firefox.*|electron|headless_shell|msedge|opera|brave|WebKit\w*|gjs.*|phantomjs|box64|box86|fex\w*|rosetta|valgrind|memcheck-.*|rr|hhvm|sbcl|racket|ghci?|scala|kotlin|envoy|istio-proxy|pilot-agent|openresty|nginx-debug|php(?:-?fpm|-?cgi)?[\d.]*|clickhouse.*|impalad|duckdb|falco|polars|mysqld_jit|tarantool|haproxy|varnishd|cockroach|pwsh|erl.*|perl6|rakudo|moar|gforth|octave.*|MATLAB|R|suricata|code-server|code)$/;

/** Each makes code for who maps it: engines of languages and of regular expressions, closures of foreign functions, shaders. */
const LIBRARIES =
  /^lib(?:jvm|j9jit\d*|coreclr|clrjit|mono\w*|node|v8\w*|mozjs\w*|javascriptcore\w*|LLVM\w*|llvmjit|gccjit|luajit\w*|pcre\d*|pcre2\w*|ffi|orc|wasmtime|wasmer|wasmedge|iwasm|tcc\d*|lightning|jit|julia\w*|pypy\w*|ruby[\w.]*|Qt\dQml|Qt\dScript|swrast\w*|gallium\w*|mlx|torch\w*|tensorflow\w*|dnnl|mkldnn|onednn|openblas_jit|xla\w*|tvm\w*|halide|asmjit|keystone|unicorn|dynamorio|valgrind\w*|frida-gum|hs|hyperscan)(?:[-.\d][\w.+-]*)?\.(?:so|dylib)/i;
/** Modules with such a compiler, by a part of their path. */
const MODULES =
  /(?:\/llvmjit\.so|\/llvmlite\/|\/numba\/|\/jaxlib\/|\/opcache\.so|\/_cffi_backend\.|\/_ctypes\.|\/triton\/)/;

/** Whether a process is known to make code. Statically linked programs with such a compiler in them are not known by it. */
export function makesCode(tables: Tables, process: ProcessRow): boolean {
  if (PROGRAMS.test(programOf(process) ?? '')) return true;
  return mappingsOf(tables, process.pid).some(
    ({ backing }) => backing.startsWith('/') && (LIBRARIES.test(baseName(backing)) || MODULES.test(backing)),
  );
}

/** Files that libraries map twice, to write code by one and run it by the other. */
export const CODE_FILES =
  /^(?:\/(?:tmp|var\/tmp|dev\/shm|run|home\/[^/]+|root|proc\/self\/cwd)\/ffi\w{6}|\/?(?:memfd:)?(?:libffi|doublemapper|pypy|v8|JSCJIT|jitdump|js-executable-memory|sljit|luajit|numba)\b.*)$/;
