#include "core/base/version.h"

#define VERSION "0.1.0" /* CMakeLists.txt says the same; version_test compares them */

#if defined(MESH_RELEASE)
#define VERSION_KIND "release"
#else
#define VERSION_KIND "development"
#endif

const char *version_string(void)
{
    return VERSION;
}

const char *version_line(void)
{
    return "mesh " VERSION " (" VERSION_KIND ", " __VERSION__ ")";
}
