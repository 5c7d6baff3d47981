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
deps_fuzz=(clang libclang-rt-14-dev llvm lld)
deps_test=("${deps_fuzz[@]}" binutils python3 python3-pytest python3-h2 python3-grpcio
    python3-protobuf python3-websockets python3-cryptography python3-yaml curl
    nghttp2-client pebble util-linux iproute2 iptables)
deps_check=(clang clang-format clang-tidy cppcheck python3 binutils)

# The packages named that are not installed.
missing_of() {
    local installed
    # dpkg-query fails for names it does not know, and prints the others all the same.
    installed=$({ dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null || true; } | sed -n 's/^ii *//p')
    printf '%s\n' "$@" | grep -vxF "${installed:-none}" || true
}

# Installs what is missing of the packages named, and runs apt only then.
need() {
    local missing as_root=() log=build/apt.log
    if ! command -v dpkg-query >/dev/null; then
        [ -n "${told_not_debian:-}" ] || say "deps: this is not Debian; taking for granted that the libraries are here"
        told_not_debian=1
        return 0
    fi
    mapfile -t missing < <(missing_of "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    say "deps: installing ${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "missing packages: ${missing[*]}; this is not root and there is no sudo"
        as_root=(sudo)
    fi
    mkdir -p build
    {
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y --no-install-recommends "${missing[@]}"
    } >$log 2>&1 || { tail -20 $log >&2; die "apt-get failed (whole log: $log)"; }
}

cmd_deps() {
    case "${1:-all}" in
    build)
        if [ -n "${BORINGSSL_ROOT:-}" ]; then
            mapfile -t deps_build < <(printf '%s\n' "${deps_build[@]}" | grep -v boringssl)
        fi
        need "${deps_build[@]}"
        ;;
    test)
        cmd_deps build
        need "${deps_test[@]}"
        # kubectl may have come from elsewhere; Debian's package would then be in its way.
        command -v kubectl >/dev/null || need kubernetes-client
        ;;
    check) cmd_deps build && need "${deps_check[@]}" ;;
    fuzz) cmd_deps build && need "${deps_fuzz[@]}" ;;
    all) cmd_deps test && cmd_deps check ;;
    *) die "deps $1: not one of build test check fuzz all" ;;
    esac
}

# ---- building ---------------------------------------------------------------------------------

kinds="--release --debug --asan --tsan --coverage --fuzz"

# The name of the folder under build/ for an option of `build`.
kind_of() {
    case "$1" in
    --coverage) say cov ;;
    --release | --debug | --asan | --tsan | --fuzz) say "${1#--}" ;;
    *) return 1 ;;
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
    # Worktrees share what the compiler made: paths below the top do not count.
    export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
    ninja -C "build/$kind" "$@" >"build/$kind/build.log" 2>&1 ||
        { grep -v '^\[[0-9]*/[0-9]*\] [BL]' "build/$kind/build.log" >&2 || true
          die "build/$kind: the build failed (whole log: build/$kind/build.log)"; }
    [ "$kind" = fuzz ] || ln -sfn "build/$kind/compile_commands.json" compile_commands.json
}

# Builds build/release/mesh.
release() {
    cmd_deps build
    [ -f cmd/main.c ] || die "there is no cmd/main.c, so no program to build"
    say "build: release"
    build release
}

cmd_build() {
    local kind=release
    if [ $# -gt 0 ] && [ "${1:0:2}" = -- ]; then
        kind=$(kind_of "$1") || die "build $1: not one of $kinds"
        shift
    fi
    [ "$kind" != fuzz ] || cmd_deps fuzz
    cmd_deps build
    say "build: $kind"
    build "$kind" "$@"
    say "build: build/$kind is up to date"
}

cmd_demo() {
    release
    [ "${1:-}" != -- ] || shift
    exec build/release/mesh demo "$@"
}

# ---- tests ------------------------------------------------------------------------------------

python=python3
[ ! -x /usr/bin/python3 ] || python=/usr/bin/python3 # Debian's modules live with Debian's python

cmd_unit() {
    [ $# -gt 0 ] || die "unit: name a test, e.g. ./build.sh unit version [CASE...]"
    local name=${1%_test}_test
    shift
    cmd_deps build
    build asan "unit/$name"
    exec "build/asan/unit/$name" "$@"
}

cmd_system() {
    cmd_deps test
    build asan
    MESH_BIN=$PWD/build/asan/mesh exec $python -B -m pytest -p no:cacheprovider -q tests/system "$@"
}

cmd_cases() {
    cmd_deps test
    [ -n "${MESH_BIN:-}" ] || build asan
    MESH_BIN=${MESH_BIN:-$PWD/build/asan/mesh} exec $python -B tests/cases/run "$@"
}

cmd_test() {
    cmd_deps test
    exec $python tests/run "$@"
}

# Seeds first: each must pass by itself, whatever the fuzzer does afterwards.
fuzz_one() {
    local program=$1 seconds=$2 name seeds work fresh='' status=0
    name=$(basename "$program" _fuzz)
    seeds=testdata/fuzz/$name
    work=build/fuzz/corpus/$name
    mkdir -p "$work" build/fuzz/crashes
    export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
    local options=(-timeout=10 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/crashes/$name-")
    if [ -d "$seeds" ]; then
        "$program" "${options[@]}" -runs=0 "$seeds" 2>&1 || die "fuzz $name: a seed in $seeds fails"
    else
        say "fuzz $name: no seeds in $seeds"
        seeds=
    fi
    # The tests' run is the same run every time: what it finds, it finds before a change is taken.
    # Without MESH_FUZZ_RUNS the fuzzer goes where it has not been.
    if [ -n "${MESH_FUZZ_RUNS:-}" ]; then
        work=$(mktemp -d)
        fresh=$work
        options+=(-seed=1 -runs="$MESH_FUZZ_RUNS")
    fi
    "$program" "${options[@]}" -max_total_time="$seconds" "$work" $seeds 2>&1 || status=$?
    [ -z "$fresh" ] || rm -rf "$fresh"
    [ "$status" = 0 ] ||
        die "fuzz $name: failed; the input is in build/fuzz/crashes/$name-*: mend, then keep it in testdata/fuzz/$name"
    say "fuzz $name: ok"
}

cmd_fuzz() {
    local target='' seconds=60 make=1 program found=0
    while [ $# -gt 0 ]; do
        case "$1" in
        --seconds) seconds=${2:?--seconds needs a number}; shift ;;
        --no-build) make=0 ;;
        -*) die "fuzz $1: no such option" ;;
        *) target=${1%_fuzz} ;;
        esac
        shift
    done
    if [ $make = 1 ]; then
        cmd_deps fuzz
        build fuzz
    fi
    for program in build/fuzz/fuzz/*_fuzz; do
        [ -x "$program" ] || continue
        [ -z "$target" ] || [ "$program" = "build/fuzz/fuzz/${target}_fuzz" ] || continue
        found=1
        fuzz_one "$program" "$seconds"
    done
    [ $found = 1 ] || die "fuzz: no target${target:+ '$target'} in tests/fuzz"
}

# ---- looks ------------------------------------------------------------------------------------

# Our C files: those given, or all.
c_files() {
    if [ $# -gt 0 ]; then
        printf '%s\n' "$@"
    else
        local tops=() top
        for top in core store modes cmd tests bench; do [ ! -d $top ] || tops+=($top); done
        find "${tops[@]}" -name '*.[ch]' | sort
    fi
}

check_format() {
    local file failed=0
    while read -r file; do
        clang-format --dry-run --Werror "$file" 2>/dev/null || { say "$file: run ./build.sh fmt $file"; failed=1; }
    done < <(c_files "$@")
    return $failed
}

check_tidy() {
    build debug
    c_files "$@" | grep '\.c$' | grep -v '^\(tests\|bench\)/' |
        xargs -r -P "$(nproc)" -n 4 clang-tidy -p build/debug --quiet 2>/dev/null
}

check_cppcheck() {
    c_files "$@" | grep '\.c$' | grep -v '^\(tests\|bench\)/' |
        xargs -r cppcheck --enable=warning,performance,portability --inline-suppr --quiet \
            --std=c11 -I . -D_GNU_SOURCE --suppress=missingIncludeSystem --error-exitcode=1 -j "$(nproc)"
}

check_structure() {
    build asan
    $python tests/check/run
}

cmd_check() {
    local part parts=(format structure cppcheck tidy) failed=0
    case "${1:-}" in
    format | structure | cppcheck | tidy) parts=("$1"); shift ;;
    esac
    [ "${parts[*]}" = format ] && need clang-format || cmd_deps check
    for part in "${parts[@]}"; do
        say "check: $part"
        "check_$part" "$@" || { failed=1; say "check: $part failed"; }
    done
    return $failed
}

cmd_fmt() {
    need clang-format
    c_files "$@" | xargs -r clang-format -i
    say "fmt: formatted $(c_files "$@" | wc -l) files"
}

cmd_bench() {
    local kit=${BENCH_KIT:-../shared/bench}
    release
    if [ ! -x "$kit/run" ]; then
        say "bench: the load benchmark kit is not here; say where with BENCH_KIT=DIR (a folder with 'run' and 'peers/')."
        say "bench: building and running the micro benchmarks in bench/"
        build release benches
        local program
        for program in build/release/bench/*_bench; do
            [ ! -x "$program" ] || "$program"
        done
        return 0
    fi
    [ $# -gt 0 ] || set -- h1 haproxy mesh
    MESH=$PWD/build/release/mesh BENCH_PEERS=$PWD/bench/peers exec "$kit/run" "$@"
}

# ---- releases ---------------------------------------------------------------------------------

# Lays the files of an installation out below $1.
lay_out() {
    local root=$1 shell path
    install -D -m 755 build/release/mesh "$root/bin/mesh"
    install -D -m 644 LICENSE "$root/share/doc/mesh/LICENSE"
    install -D -m 644 README.md "$root/share/doc/mesh/README.md"
    for shell in bash zsh fish; do
        case $shell in
        bash) path=share/bash-completion/completions/mesh ;;
        zsh) path=share/zsh/site-functions/_mesh ;;
        fish) path=share/fish/vendor_completions.d/mesh.fish ;;
        esac
        if build/release/mesh completion $shell >build/completion 2>/dev/null && [ -s build/completion ]; then
            install -D -m 644 build/completion "$root/$path"
        fi
    done
}

cmd_install() {
    local root=${DESTDIR:-}${PREFIX:-/usr/local}
    release
    lay_out "$root" || die "install: cannot write below $root (set PREFIX or DESTDIR, or use sudo)"
    say "install: $root/bin/mesh"
}

cmd_dist() {
    local version name epoch
    release
    version=$(sed -n 's/^project(mesh VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
    name=mesh-$version-linux-$(uname -m)
    epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
    rm -rf "build/dist/$name"
    lay_out "build/dist/$name"
    strip "build/dist/$name/bin/mesh"
    mkdir -p dist
    tar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner -C build/dist -cf - "$name" |
        gzip -9n >"dist/$name.tar.gz"
    (cd dist && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
    say "dist: dist/$name.tar.gz ($(stat -c %s "dist/$name.tar.gz") bytes)"
}

# -----------------------------------------------------------------------------------------------

cmd_help() {
    cat <<'END'
Usage: ./build.sh COMMAND

  demo [-- ARGS]           builds mesh and shows a small mesh at work
  test [--quick] [-k PART] builds and runs every kind of test; --quick: structure, unit, simulations
  build [--debug|--asan|--tsan|--coverage|--fuzz] [TARGET...]
                           builds build/<kind>; release when nothing is said
  unit NAME [CASE...]      builds and runs one unit test under the sanitizers
  system [PYTEST ARGS]     runs system tests against build/asan/mesh
  cases [AREA|ID...]       runs cases of tests/cases in network namespaces; --list: what there is;
                           MESH_BIN: the program [build/asan/mesh]
  fuzz [NAME] [--seconds N]
                           replays the seeds of fuzz targets, then fuzzes each for N (60) seconds
  check [format|structure|cppcheck|tidy] [FILE...]
                           looks for mistakes without running anything
  fmt [FILE...]            formats our C files
  bench [SCENARIO PEER...] compares with other proxies (kit: BENCH_KIT, or ../shared/bench)
  dist                     a tarball in dist/
  install                  installs below $DESTDIR$PREFIX (/usr/local)
  deps [build|test|check|fuzz]
                           installs missing Debian packages; every command does so by itself
  help                     this

Environment: CC CXX (gcc g++), BORINGSSL_ROOT (own BoringSSL instead of Debian's), PREFIX, DESTDIR.
END
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
-h | --help) command=help ;;
esac
declare -F "cmd_$command" >/dev/null || { cmd_help >&2; die "'$command': no such command"; }
"cmd_$command" "$@"
