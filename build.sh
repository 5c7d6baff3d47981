#!/usr/bin/env bash
# The front door: builds, tests, runs. `./build.sh help` lists what it knows.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

say() { printf '%s\n' "$*"; }
die() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# ---- packages ---------------------------------------------------------------------------------

deps_build=(gcc g++ cmake ninja-build pkg-config libc6-dev libuv1-dev android-libboringssl-dev
    node-llhttp libnghttp2-dev libsqlite3-dev libyaml-dev libc-ares-dev libre2-dev zlib1g-dev
    libxxhash-dev)
deps_test=(clang llvm lld perl binutils python3 python3-pytest python3-h2 python3-grpcio
    python3-protobuf python3-websockets python3-cryptography python3-yaml curl nghttp2-client)
deps_check=(clang clang-format clang-tidy cppcheck python3 binutils)

# Installs what is missing of the packages named, and runs apt only then.
need() {
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = "ii " ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "deps: installing ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "missing packages: ${missing[*]}; not root and no sudo here"
        as_root=(sudo)
    fi
    local log=build/apt.log
    mkdir -p build
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update >$log 2>&1 &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
            "${missing[@]}" >>$log 2>&1 || { tail -20 $log >&2; die "apt-get failed (whole log: $log)"; }
}

cmd_deps() {
    case "${1:-all}" in
    build) need "${deps_build[@]}" ;;
    test) need "${deps_build[@]}" "${deps_test[@]}"; command -v kubectl >/dev/null || need kubernetes-client ;;
    check) need "${deps_build[@]}" "${deps_check[@]}" ;;
    all) cmd_deps test; cmd_deps check ;;
    *) die "deps $1: not one of build test check all" ;;
    esac
}

# ---- building ---------------------------------------------------------------------------------

kind_of() {
    case "${1:-}" in
    "" | --release) say release ;;
    --debug) say debug ;;
    --asan) say asan ;;
    --tsan) say tsan ;;
    --coverage) say cov ;;
    --fuzz) say fuzz ;;
    *) die "build $1: not one of --release --debug --asan --tsan --coverage --fuzz" ;;
    esac
}

# Configures build/$1 when that was not done yet.
configure() {
    local kind=$1 dir=build/$1 args=()
    [ ! -f "$dir/build.ninja" ] || return 0
    if command -v ccache >/dev/null; then
        args+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    if [ "$kind" = fuzz ]; then
        args+=(-DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++)
    else
        args+=(-DCMAKE_C_COMPILER="${CC:-gcc}" -DCMAKE_CXX_COMPILER="${CXX:-g++}")
    fi
    mkdir -p "$dir"
    cmake -S . -B "$dir" -G Ninja -DMESH_KIND="$kind" -DCMAKE_BUILD_TYPE=None "${args[@]}" \
        >"$dir/configure.log" 2>&1 || { cat "$dir/configure.log" >&2; die "cmake failed in $dir"; }
}

# Builds the targets given (all when none) of build/$1.
build() {
    local kind=$1
    shift
    configure "$kind"
    export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
    ninja -C "build/$kind" ${NINJA_STATUS_QUIET:+--quiet} "$@" || die "build/$kind: the build failed"
    [ "$kind" = fuzz ] || ln -sfn "build/$kind/compile_commands.json" compile_commands.json
}

cmd_build() {
    local kind
    kind=$(kind_of "${1:-}")
    cmd_deps build
    [ "$kind" != fuzz ] || need clang llvm
    build "$kind"
    say "build: build/$kind is up to date"
}

cmd_unit() {
    [ $# -gt 0 ] || die "unit: name a test, e.g. ./build.sh unit version [CASE...]"
    local name=${1%_test}_test
    shift
    cmd_deps build
    NINJA_STATUS_QUIET=1 build asan "unit/$name"
    exec "build/asan/unit/$name" "$@"
}

cmd_test() {
    cmd_deps test
    build asan
    ctest --test-dir build/asan -j2 --output-on-failure --timeout 120
}

cmd_help() {
    cat <<'END'
./build.sh deps [build|test|check]     installs the Debian packages that are missing
./build.sh build [--debug|--asan|--tsan|--coverage|--fuzz]
                                       builds build/<kind>; release when nothing is said
./build.sh unit NAME [CASE...]         builds and runs one unit test under the sanitizers
./build.sh test                        builds and runs all tests
END
}

command=${1:-build}
[ $# -eq 0 ] || shift
case $command in
-h | --help) command=help ;;
esac
declare -F "cmd_$command" >/dev/null || { cmd_help >&2; die "'$command': no such command"; }
"cmd_$command" "$@"
