#include "core/base/error.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "tests/tap.h"

static void every_code_has_a_text_of_its_own(void)
{
    for (int code = ERR_INVALID; code >= ERR_OVERLOAD; code--) {
        OK(strcmp(error_text(code), "unknown error") != 0);
        for (int other = ERR_INVALID; other > code; other--)
            OK(strcmp(error_text(code), error_text(other)) != 0);
    }
}

static void libuv_codes_pass_through(void)
{
    EQ_STR(error_text(UV_ECONNREFUSED), uv_strerror(UV_ECONNREFUSED));
    EQ_STR(error_text(UV_EOF), uv_strerror(UV_EOF));
    EQ_STR(error_text(UV_EAI_NONAME), uv_strerror(UV_EAI_NONAME));
}

static void other_numbers_are_unknown(void)
{
    EQ_STR(error_text(0), "success");
    EQ_STR(error_text(1), "unknown error");
    EQ_STR(error_text(-3999), "unknown error");
    EQ_STR(error_text(-20999), "unknown error");
    EQ_STR(error_text(-2147483647 - 1), "unknown error");
}

static void failed_assertion_ends_the_process(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        ASSERT(1 + 1 == 2);
        ASSERT(1 + 1 == 3);
        _exit(0);
    }
    EQ_INT(waitpid(child, &status, 0), child);
    OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static const struct tap_case cases[] = {
    { "every_code_has_a_text_of_its_own", every_code_has_a_text_of_its_own },
    { "libuv_codes_pass_through", libuv_codes_pass_through },
    { "other_numbers_are_unknown", other_numbers_are_unknown },
    { "failed_assertion_ends_the_process", failed_assertion_ends_the_process },
};

TAP_MAIN(cases)
