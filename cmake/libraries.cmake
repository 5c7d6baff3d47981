# The libraries that mesh stands on, gathered in the interface target `mesh_deps`. All headers
# come in as system headers: their warnings are not ours.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(mesh_deps INTERFACE)

# BoringSSL: BORINGSSL_ROOT (include/ and libssl, libcrypto in lib/ or the build folder), or
# Debian's android-libboringssl. Its headers must come before any OpenSSL ones, which live in the
# compiler's default folder and so are searched last.
if(DEFINED ENV{BORINGSSL_ROOT} AND NOT BORINGSSL_ROOT)
  set(BORINGSSL_ROOT $ENV{BORINGSSL_ROOT})
endif()
set(BORINGSSL_ROOT "${BORINGSSL_ROOT}" CACHE PATH "own BoringSSL build; empty: Debian's")
if(BORINGSSL_ROOT)
  set(ssl_include ${BORINGSSL_ROOT}/include)
  find_library(BORINGSSL_SSL NAMES libssl.a ssl NO_DEFAULT_PATH REQUIRED
    PATHS ${BORINGSSL_ROOT} PATH_SUFFIXES lib build build/ssl .)
  find_library(BORINGSSL_CRYPTO NAMES libcrypto.a crypto NO_DEFAULT_PATH REQUIRED
    PATHS ${BORINGSSL_ROOT} PATH_SUFFIXES lib build build/crypto .)
else()
  set(ssl_include /usr/include/android)
  set(ssl_lib /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/android)
  find_library(BORINGSSL_SSL ssl PATHS ${ssl_lib} NO_DEFAULT_PATH REQUIRED)
  find_library(BORINGSSL_CRYPTO crypto PATHS ${ssl_lib} NO_DEFAULT_PATH REQUIRED)
endif()
file(STRINGS ${ssl_include}/openssl/base.h is_boringssl REGEX "define OPENSSL_IS_BORINGSSL")
if(NOT is_boringssl)
  message(FATAL_ERROR "${ssl_include}: these are not BoringSSL's headers")
endif()
target_include_directories(mesh_deps SYSTEM BEFORE INTERFACE ${ssl_include})
get_filename_component(ssl_dir ${BORINGSSL_SSL} DIRECTORY)
if(BORINGSSL_SSL MATCHES "\\.so$")
  target_link_options(mesh_deps INTERFACE -Wl,-rpath,${ssl_dir})
endif()

# llhttp: the library where there is one (Debian 13), else Debian 12's generated sources.
find_library(LLHTTP_LIB llhttp)
if(LLHTTP_LIB)
  target_link_libraries(mesh_deps INTERFACE ${LLHTTP_LIB})
else()
  set(llhttp /usr/share/llhttp)
  add_library(llhttp STATIC ${llhttp}/api.c ${llhttp}/http.c ${llhttp}/llhttp.c)
  target_include_directories(llhttp SYSTEM PUBLIC /usr/share/include/llhttp)
  target_compile_options(llhttp PRIVATE -O2 -w)
  target_link_libraries(mesh_deps INTERFACE llhttp)
endif()

foreach(module libuv libnghttp2 sqlite3 yaml-0.1 libcares re2 libxxhash zlib)
  pkg_check_modules(dep_${module} REQUIRED QUIET IMPORTED_TARGET ${module})
  target_link_libraries(mesh_deps INTERFACE PkgConfig::dep_${module})
endforeach()
target_link_libraries(mesh_deps INTERFACE ${BORINGSSL_SSL} ${BORINGSSL_CRYPTO} Threads::Threads m)
