#include "cmd/self_exec.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/loop/worker.h"

#define ARGS_MAX 64

struct self_exec {
    uv_process_t process;
    uv_pipe_t input;
    uv_write_t write;
    char *text; /* copy of the input */
    int open;   /* handles that hold this memory */
    void (*exited)(void *arg, int code);
    void *arg;
};

static void on_closed(uv_handle_t *handle)
{
    struct self_exec *x = handle->data;

    if (--x->open > 0)
        return;
    mem_free(x->text);
    mem_free(x);
}

static void on_written(uv_write_t *write, int status)
{
    struct self_exec *x = write->data;

    (void)status; /* a child that reads no further says itself why */
    uv_close((uv_handle_t *)&x->input, on_closed);
}

static void on_exit_status(uv_process_t *process, int64_t status, int signo)
{
    struct self_exec *x = process->data;
    void (*exited)(void *, int) = x->exited;
    void *arg = x->arg;

    uv_close((uv_handle_t *)process, on_closed);
    if (exited)
        exited(arg, signo ? 128 + signo : (int)status);
}

static uv_stdio_container_t descriptor(int fd)
{
    uv_stdio_container_t c = { .flags = fd >= 0 ? UV_INHERIT_FD : UV_IGNORE };

    if (fd >= 0)
        c.data.fd = fd;
    return c;
}

static void send_input(struct self_exec *x, const char *input)
{
    uv_buf_t buf;

    x->text = mem_strdup(input);
    x->write.data = x;
    buf = uv_buf_init(x->text, (unsigned int)strlen(x->text));
    if (uv_write(&x->write, (uv_stream_t *)&x->input, &buf, 1, on_written) != 0)
        uv_close((uv_handle_t *)&x->input, on_closed);
}

int self_exec_start(struct worker *w, const struct self_exec_options *options,
                    void (*exited)(void *arg, int code), void *arg, struct self_exec **out)
{
    struct self_exec *x = mem_alloc0(1, sizeof(*x));
    char *argv[ARGS_MAX + 2] = { (char *)(uintptr_t) "mesh" };
    uv_stdio_container_t stdio[3] = { { .flags = UV_IGNORE },
                                      descriptor(options->output),
                                      descriptor(options->error) };
    uv_process_options_t spawn = { .exit_cb = on_exit_status,
                                   .file = "/proc/self/exe",
                                   .args = argv,
                                   .flags = options->own_session ? UV_PROCESS_DETACHED : 0,
                                   .stdio = stdio,
                                   .stdio_count = 3 };
    int err;

    for (size_t i = 0; i < ARGS_MAX && options->argv[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)options->argv[i];
    x->exited = exited;
    x->arg = arg;
    x->process.data = x->input.data = x;
    x->open = 1;
    if (options->input) {
        x->open = 2;
        uv_pipe_init(&w->loop, &x->input, 0);
        stdio[0].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
        stdio[0].data.stream = (uv_stream_t *)&x->input;
    }
    err = uv_spawn(&w->loop, &x->process, &spawn);
    if (err) {
        uv_close((uv_handle_t *)&x->process, on_closed);
        if (options->input)
            uv_close((uv_handle_t *)&x->input, on_closed);
        return err;
    }
    if (options->input)
        send_input(x, options->input);
    *out = x;
    return 0;
}

void self_exec_kill(struct self_exec *x, int signo)
{
    (void)uv_process_kill(&x->process, signo);
}

void self_exec_forget(struct self_exec *x)
{
    if (!x)
        return;
    x->exited = NULL;
    if (!uv_is_closing((uv_handle_t *)&x->process))
        uv_close((uv_handle_t *)&x->process, on_closed);
}
