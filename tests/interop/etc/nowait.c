/*
 * Preloaded into sogod. Before every IMAP command SOGo looks for stray input with a poll of one descriptor that
 * waits 5 ms, several times a message: nothing but sleep, and nine tenths of the time of a large mailbox. Exactly
 * this call is made not to wait; every other one is passed on as it is.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stddef.h>

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    if (count == 1 && timeout == 5 && fds[0].events == POLLIN)
        timeout = 0;

    struct timespec limit = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L};
    return ppoll(fds, count, timeout < 0 ? NULL : &limit, NULL);
}
