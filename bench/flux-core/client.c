/* A client of libflux, for bench/flux-core: the same program is the client of both brokers. Prints one JSON object.
 *
 *   client publish URI COUNT WINDOW   confirmed publications, WINDOW of them under way
 *   client ping URI RANK COUNT        broker.ping of a rank, one after the other
 *   client count URI COUNT            subscribes, says "ready", waits for COUNT events
 */
#include <flux/core.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *topic = "bench.event";
static long count;
static long sent;
static long done;
static int last_seq;
static flux_t *h;

static double now (void)
{
    struct timespec ts;
    clock_gettime (CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec * 1e-9;
}

static void die (const char *what)
{
    perror (what);
    exit (1);
}

static void publish_next (void);

static void published (flux_future_t *f, void *arg)
{
    int seq;
    if (flux_event_publish_get_seq (f, &seq) < 0)
        die ("publish");
    if (seq <= last_seq) {
        fprintf (stderr, "confirmed out of order: %d after %d\n", seq, last_seq);
        exit (1);
    }
    last_seq = seq;
    flux_future_destroy (f);
    done++;
    if (sent < count)
        publish_next ();
    else if (done == count)
        flux_reactor_stop (flux_get_reactor (h));
}

static void publish_next (void)
{
    flux_future_t *f = flux_event_publish_pack (h, topic, 0, "{s:i s:s}", "i", (int)sent, "pad", "0123456789abcdef0123456789");
    if (f == NULL || flux_future_then (f, -1., published, NULL) < 0)
        die ("publish");
    sent++;
}

static void run_publish (long window)
{
    double start = now ();
    for (long i = 0; i < window && sent < count; i++)
        publish_next ();
    if (flux_reactor_run (flux_get_reactor (h), 0) < 0)
        die ("reactor");
    double seconds = now () - start;
    printf ("{\"count\":%ld,\"seconds\":%.6f,\"rate\":%.1f}\n", count, seconds, count / seconds);
}

static int by_value (const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_ping (uint32_t rank)
{
    double *times = calloc (count, sizeof (*times));
    double start = now ();
    for (long i = 0; i < count; i++) {
        double begin = now ();
        flux_future_t *f = flux_rpc_pack (h, "broker.ping", rank, 0, "{s:i s:s}", "seq", (int)i, "pad", "0123456789abcdef0123456789");
        int seq;
        if (f == NULL || flux_rpc_get_unpack (f, "{s:i}", "seq", &seq) < 0 || seq != i)
            die ("ping");
        flux_future_destroy (f);
        times[i] = now () - begin;
    }
    double seconds = now () - start;
    qsort (times, count, sizeof (*times), by_value);
    printf ("{\"count\":%ld,\"seconds\":%.6f,\"meanMicros\":%.1f,\"medianMicros\":%.1f,\"p99Micros\":%.1f}\n",
            count, seconds, seconds / count * 1e6, times[count / 2] * 1e6, times[count * 99 / 100] * 1e6);
    free (times);
}

static void run_count (void)
{
    if (flux_event_subscribe (h, topic) < 0)
        die ("subscribe");
    printf ("ready\n");
    fflush (stdout);
    uint32_t last = 0;
    for (long i = 0; i < count; i++) {
        flux_msg_t *msg = flux_recv (h, FLUX_MATCH_EVENT, 0);
        uint32_t seq;
        if (msg == NULL || flux_msg_get_seq (msg, &seq) < 0)
            die ("receive");
        if (last != 0 && seq <= last) {
            fprintf (stderr, "event %u after %u\n", seq, last);
            exit (1);
        }
        last = seq;
        flux_msg_destroy (msg);
    }
    printf ("{\"count\":%ld}\n", count);
}

int main (int argc, char **argv)
{
    if (argc < 4) {
        fprintf (stderr, "usage: client publish|ping|count URI ...\n");
        return 2;
    }
    h = flux_open (argv[2], 0);
    if (h == NULL)
        die (argv[2]);
    if (strcmp (argv[1], "publish") == 0 && argc == 5) {
        count = atol (argv[3]);
        run_publish (atol (argv[4]));
    } else if (strcmp (argv[1], "ping") == 0 && argc == 5) {
        count = atol (argv[4]);
        run_ping (atoi (argv[3]));
    } else if (strcmp (argv[1], "count") == 0) {
        count = atol (argv[3]);
        run_count ();
    } else
        return 2;
    flux_close (h);
    return 0;
}
