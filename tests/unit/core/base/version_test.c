#include "core/base/version.h"

#include "tests/tap.h"

/* Reads the whole of a small file into out, which ends in a NUL. */
static bool read_file(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t n;

    if (!file)
        return false;
    n = fread(out, 1, size - 1, file);
    out[n] = '\0';
    fclose(file);
    return true;
}

static void same_as_in_cmake(void)
{
    char text[16384];
    char want[64];

    if (!OK(read_file("CMakeLists.txt", text, sizeof(text)))) /* tests run at the top folder */
        return;
    snprintf(want, sizeof(want), "project(mesh VERSION %s ", version_string());
    HAS_STR(text, want);
}

static void line_names_the_release(void)
{
    HAS_STR(version_line(), version_string());
    OK(strchr(version_line(), '\n') == NULL);
}

static const struct tap_case cases[] = {
    { "same_as_in_cmake", same_as_in_cmake },
    { "line_names_the_release", line_names_the_release },
};

TAP_MAIN(cases)
