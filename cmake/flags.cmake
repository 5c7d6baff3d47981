# How our own code is compiled, by MESH_KIND. Libraries' code never gets these flags.
include(CheckCCompilerFlag)

add_library(mesh_flags INTERFACE)
target_include_directories(mesh_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(mesh_flags INTERFACE _GNU_SOURCE)

set(warnings -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wwrite-strings -Wundef -Wvla
    -Wformat=2 -Wimplicit-fallthrough -Wcast-qual)
set(warnings_c ${warnings} -Wstrict-prototypes -Wmissing-prototypes)
set(warnings_cxx -Wall -Wextra -Wshadow -Wundef -Wformat=2)
if(MESH_WERROR)
  list(APPEND warnings_c -Werror)
  list(APPEND warnings_cxx -Werror)
endif()
target_compile_options(mesh_flags INTERFACE
  "$<$<COMPILE_LANGUAGE:C>:${warnings_c}>" "$<$<COMPILE_LANGUAGE:CXX>:${warnings_cxx}>")

# The same paths in the output wherever the tree lies: builds compare equal, and worktrees share
# one ccache (which may turn absolute source paths into ../../ ones, hence the second map). A
# coverage build keeps real paths for gcov.
if(NOT MESH_KIND STREQUAL cov)
  target_compile_options(mesh_flags INTERFACE
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -ffile-prefix-map=../../=)
endif()

# Adds each flag that the compiler takes.
function(flags_if_known)
  foreach(flag ${ARGN})
    string(MAKE_C_IDENTIFIER "has${flag}" var)
    set(CMAKE_REQUIRED_FLAGS -Werror)
    check_c_compiler_flag("${flag}" ${var})
    if(${var})
      target_compile_options(mesh_flags INTERFACE ${flag})
    endif()
  endforeach()
endfunction()

# Code that may wrap, alias or test a pointer late still does what it says.
set(defined -fno-strict-overflow -fno-delete-null-pointer-checks -fno-strict-aliasing)

if(MESH_KIND STREQUAL release)
  target_compile_options(mesh_flags INTERFACE -O2 -g1 ${defined})
  target_compile_definitions(mesh_flags INTERFACE _FORTIFY_SOURCE=3 MESH_RELEASE=1)
  flags_if_known(-fstack-protector-strong -fstack-clash-protection -fcf-protection=full
                 -mbranch-protection=standard -ftrivial-auto-var-init=zero
                 -fstrict-flex-arrays=3)
  target_link_options(mesh_flags INTERFACE -pie
    -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed)
  if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    target_compile_options(mesh_flags INTERFACE -flto=auto -fno-fat-lto-objects)
    target_link_options(mesh_flags INTERFACE -flto=auto -O2)
    set(CMAKE_AR ${CMAKE_C_COMPILER_AR})
    set(CMAKE_RANLIB ${CMAKE_C_COMPILER_RANLIB})
  else()
    target_compile_options(mesh_flags INTERFACE -flto=thin)
    target_link_options(mesh_flags INTERFACE -flto=thin)
  endif()
elseif(MESH_KIND STREQUAL debug)
  target_compile_options(mesh_flags INTERFACE -O1 -g ${defined} -fno-omit-frame-pointer)
elseif(MESH_KIND STREQUAL asan)
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(mesh_flags INTERFACE -O1 -g ${sanitize})
  target_link_options(mesh_flags INTERFACE ${sanitize})
elseif(MESH_KIND STREQUAL tsan)
  target_compile_options(mesh_flags INTERFACE -O1 -g -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(mesh_flags INTERFACE -fsanitize=thread)
elseif(MESH_KIND STREQUAL cov)
  # Atomic counters: workers are threads, and a torn counter is a wrong figure.
  target_compile_options(mesh_flags INTERFACE -O0 -g --coverage -fprofile-update=atomic)
  target_link_options(mesh_flags INTERFACE --coverage)
elseif(MESH_KIND STREQUAL fuzz)
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(mesh_flags INTERFACE -O1 -g ${sanitize} -fsanitize=fuzzer-no-link)
  target_compile_definitions(mesh_flags INTERFACE MESH_FUZZ=1)
  target_link_options(mesh_flags INTERFACE ${sanitize})
else()
  message(FATAL_ERROR "MESH_KIND=${MESH_KIND}: not one of release debug asan tsan cov fuzz")
endif()

# lld links several times faster than bfd; it cannot read gcc's LTO objects.
if(NOT MESH_KIND STREQUAL release OR NOT CMAKE_C_COMPILER_ID STREQUAL GNU)
  find_program(MESH_LLD ld.lld)
  if(MESH_LLD)
    target_link_options(mesh_flags INTERFACE -fuse-ld=lld)
  endif()
endif()
