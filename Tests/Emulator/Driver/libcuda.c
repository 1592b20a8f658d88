/* A double of NVIDIA's driver for tests: the device is described here, everything else is forwarded to functions that
   the test program installs. Signatures are those of the public driver interface, with every argument as one word:
   no function of the list takes a structure or a floating-point number by value.
   With GQN_CUDA_DOUBLE_NULL=1 in other programs, those functions succeed and compute nothing: what a step then takes is
   the host's part of it, which is printed at the end as processor time between launches of graphs. */
#define _DEFAULT_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

typedef uintptr_t word;

enum { INVALID_VALUE = 1, OUT_OF_MEMORY = 2, STUB_LIBRARY = 34, INVALID_DEVICE = 101 };

static long long number(const char *variable, long long otherwise)
{
    const char *text = getenv(variable);
    return text && *text ? atoll(text) : otherwise;
}

/* All functions that ILGPU and Kernels/Gpu call once they have a context, by number of arguments. */
#define FORWARDED(F0, F1, F2, F3, F4, F5, F6, F11) \
    F3(cuCtxCreate_v2) F1(cuCtxDestroy_v2) F1(cuCtxSetCurrent) F0(cuCtxSynchronize) \
    F1(cuCtxGetCacheConfig) F1(cuCtxSetCacheConfig) F1(cuCtxGetSharedMemConfig) F1(cuCtxSetSharedMemConfig) \
    F2(cuMemGetInfo_v2) F2(cuMemAlloc_v2) F1(cuMemFree_v2) F2(cuMemAllocHost_v2) F3(cuMemHostAlloc) \
    F1(cuMemFreeHost) F3(cuMemHostRegister_v2) F1(cuMemHostUnregister) F3(cuMemHostGetDevicePointer_v2) \
    F3(cuPointerGetAttribute) F4(cuMemcpyAsync) F4(cuMemcpyHtoDAsync_v2) F4(cuMemcpyDtoDAsync_v2) \
    F4(cuMemsetD8Async) \
    F2(cuStreamCreate) F3(cuStreamCreateWithPriority) F1(cuStreamDestroy_v2) F1(cuStreamSynchronize) \
    F3(cuStreamWaitEvent) F2(cuStreamBeginCapture_v2) F2(cuStreamEndCapture) \
    F2(cuEventCreate) F1(cuEventDestroy_v2) F2(cuEventRecord) F1(cuEventQuery) F1(cuEventSynchronize) \
    F3(cuEventElapsedTime) \
    F2(cuModuleLoadData) F5(cuModuleLoadDataEx) F1(cuModuleUnload) F3(cuModuleGetFunction) \
    F3(cuFuncSetAttribute) F11(cuLaunchKernel) \
    F4(cuOccupancyMaxActiveBlocksPerMultiprocessor) F6(cuOccupancyMaxPotentialBlockSize) \
    F3(cuGraphInstantiateWithFlags) F3(cuGraphExecUpdate_v2) F2(cuGraphLaunch) F1(cuGraphDestroy) \
    F1(cuGraphExecDestroy)

/* What a function without anybody behind it must tell its caller if it is to succeed. */
enum effect { UNKNOWN, NONE, HANDLE_FIRST, HANDLE_SECOND, DEVICE_MEMORY, HOST_MEMORY, SAME_ADDRESS, MEMORY_INFO, KIND, COPY,
    SMALL_NUMBER, TWO_NUMBERS, UPLOAD, GRAPH_LAUNCH };

static enum effect effect_of(const char *name)
{
    static const struct { const char *name; enum effect effect; } effects[] = {
        {"cuCtxCreate_v2", HANDLE_FIRST}, {"cuStreamCreate", HANDLE_FIRST}, {"cuEventCreate", HANDLE_FIRST},
        {"cuStreamCreateWithPriority", HANDLE_FIRST}, {"cuModuleLoadData", HANDLE_FIRST},
        {"cuModuleLoadDataEx", HANDLE_FIRST}, {"cuModuleGetFunction", HANDLE_FIRST},
        {"cuGraphInstantiateWithFlags", HANDLE_FIRST}, {"cuStreamEndCapture", HANDLE_SECOND},
        {"cuMemAlloc_v2", DEVICE_MEMORY}, {"cuMemAllocHost_v2", HOST_MEMORY}, {"cuMemHostAlloc", HOST_MEMORY},
        {"cuMemHostGetDevicePointer_v2", SAME_ADDRESS}, {"cuMemGetInfo_v2", MEMORY_INFO},
        {"cuPointerGetAttribute", KIND}, {"cuMemcpyAsync", COPY}, {"cuCtxGetCacheConfig", SMALL_NUMBER},
        {"cuCtxGetSharedMemConfig", SMALL_NUMBER}, {"cuOccupancyMaxActiveBlocksPerMultiprocessor", SMALL_NUMBER},
        {"cuOccupancyMaxPotentialBlockSize", TWO_NUMBERS}, {"cuMemcpyDtoDAsync_v2", UPLOAD},
        {"cuGraphLaunch", GRAPH_LAUNCH},
    };
    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++) {
        if (strcmp(effects[i].name, name) == 0)
            return effects[i].effect;
    }
    return NONE;
}

/* Addresses of device memory, which nobody reads or writes. */
static const size_t range = (size_t)1 << 40;
static char *first, *next;

static int allocate(word *address, size_t bytes)
{
    if (!first) {
        first = mmap(NULL, range, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (first == MAP_FAILED)
            return OUT_OF_MEMORY;
        next = first;
    }
    *address = (word)next;
    next += (bytes + 511) & ~(size_t)511;
    return 0;
}

/* Milliseconds of this thread's processor time: between launches of graphs, and from the last upload of a batch on. */
enum { MOST_STEPS = 100000 };
static double steps[MOST_STEPS], launches[MOST_STEPS], uploaded, launched;
static int step_count;

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void report(void)
{
    qsort(steps, step_count, sizeof *steps, compare);
    qsort(launches, step_count, sizeof *launches, compare);
    fprintf(stderr, "processor time of %d steps: median %.3f ms, of which after the upload of the batch %.3f ms\n",
        step_count, steps[step_count / 2], launches[step_count / 2]);
}

static void time_step(void)
{
    double now = milliseconds();
    if (!launched)
        atexit(report);
    else if (step_count < MOST_STEPS)
        steps[step_count] = now - launched, launches[step_count++] = now - uploaded;
    launched = now;
}

static int succeed(enum effect effect, const word *arguments)
{
    static word handle = 0x1000;
    switch (effect) {
    case HANDLE_FIRST: *(word *)arguments[0] = handle += 16; break;
    case HANDLE_SECOND: *(word *)arguments[1] = handle += 16; break;
    case DEVICE_MEMORY: return allocate((word *)arguments[0], arguments[1]);
    case HOST_MEMORY: *(word *)arguments[0] = (word)calloc(1, arguments[1]); break;
    case SAME_ADDRESS: *(word *)arguments[0] = arguments[1]; break;
    case MEMORY_INFO: *(size_t *)arguments[0] = *(size_t *)arguments[1] = range; break;
    case KIND: *(int *)arguments[0] = (char *)arguments[2] >= first && (char *)arguments[2] < next ? 2 : 1; break;
    case COPY:
        /* What comes from the device is zero. */
        if ((char *)arguments[0] < first || (char *)arguments[0] >= next)
            memset((void *)arguments[0], 0, arguments[2]);
        break;
    case SMALL_NUMBER: *(int *)arguments[0] = 1; break;
    case TWO_NUMBERS: *(int *)arguments[0] = 16, *(int *)arguments[1] = 256; break;
    case UPLOAD: uploaded = milliseconds(); break;
    case GRAPH_LAUNCH: time_step(); break;
    default: break;
    }
    return 0;
}

static int missing(const char *name, enum effect *effect, const word *arguments)
{
    static int is_null = -1;
    if (is_null < 0)
        is_null = number("GQN_CUDA_DOUBLE_NULL", 0) == 1;
    if (is_null) {
        if (*effect == UNKNOWN)
            *effect = effect_of(name);
        return succeed(*effect, arguments);
    }
    fprintf(stderr, "The double of NVIDIA's driver has no %s outside the test program.\n", name);
    return STUB_LIBRARY;
}

/* The list of arguments without its parentheses. */
#define WORDS(...) __VA_ARGS__
#define DEFINE(name, types, parameters, arguments) \
    static int (*name##_target) types; \
    int name parameters \
    { \
        static enum effect effect; \
        return name##_target ? name##_target arguments : missing(#name, &effect, (const word[]){WORDS arguments}); \
    }
#define F0(n) \
    static int (*n##_target)(void); \
    int n(void) { static enum effect effect; return n##_target ? n##_target() : missing(#n, &effect, NULL); }
#define F1(n) DEFINE(n, (word), (word a), (a))
#define F2(n) DEFINE(n, (word, word), (word a, word b), (a, b))
#define F3(n) DEFINE(n, (word, word, word), (word a, word b, word c), (a, b, c))
#define F4(n) DEFINE(n, (word, word, word, word), (word a, word b, word c, word d), (a, b, c, d))
#define F5(n) DEFINE(n, (word, word, word, word, word), (word a, word b, word c, word d, word e), (a, b, c, d, e))
#define F6(n) DEFINE(n, (word, word, word, word, word, word), \
    (word a, word b, word c, word d, word e, word f), (a, b, c, d, e, f))
#define F11(n) DEFINE(n, (word, word, word, word, word, word, word, word, word, word, word), \
    (word a, word b, word c, word d, word e, word f, word g, word h, word i, word j, word k), \
    (a, b, c, d, e, f, g, h, i, j, k))
FORWARDED(F0, F1, F2, F3, F4, F5, F6, F11)

#define ENTRY(name) {#name, (void **)&name##_target},
static const struct { const char *name; void **target; } targets[] = {
    FORWARDED(ENTRY, ENTRY, ENTRY, ENTRY, ENTRY, ENTRY, ENTRY, ENTRY)
};
enum { TARGETS = sizeof targets / sizeof targets[0] };

/* Forwards a function from now on; 0 where there is none of this name. */
int gqn_double_install(const char *name, void *target)
{
    for (int i = 0; i < TARGETS; i++) {
        if (strcmp(targets[i].name, name) == 0) {
            *targets[i].target = target;
            return 1;
        }
    }
    return 0;
}

/* A function that nobody has installed; null when all are. */
const char *gqn_double_missing(void)
{
    for (int i = 0; i < TARGETS; i++) {
        if (!*targets[i].target)
            return targets[i].name;
    }
    return NULL;
}

/* What the latest error was about, so that the user of the driver reads it. */
static char detail[2000];
static int detailed;

void gqn_double_explain(int error, const char *text)
{
    detailed = 0;
    snprintf(detail, sizeof detail, "%s", text);
    detailed = error;
}

int cuGetErrorString(int error, const char **text)
{
    static const struct { int error; const char *text; } texts[] = {
        {0, "no error"}, {1, "invalid argument"}, {2, "out of memory"}, {3, "initialization error"},
        {34, "this is a double of the driver, which works in the test program alone"},
        {101, "invalid device ordinal"}, {201, "invalid device context"}, {218, "a PTX JIT compilation failed"},
        {400, "invalid resource handle"}, {500, "named symbol not found"}, {600, "device not ready"}, {801, "operation not supported"},
        {700, "an illegal memory access was encountered"}, {719, "unspecified launch failure"},
        {900, "operation not permitted when stream is capturing"},
        {901, "operation failed due to a previous error during capture"},
    };
    if (error != 0 && error == detailed) {
        *text = detail;
        return 0;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].error == error) {
            *text = texts[i].text;
            return 0;
        }
    }
    *text = NULL;
    return INVALID_VALUE;
}

/* The device: the shape of a small one of compute capability 9.0. */

int cuInit(unsigned flags)
{
    return flags == 0 ? 0 : INVALID_VALUE;
}

int cuDriverGetVersion(int *version)
{
    *version = (int)number("GQN_CUDA_DOUBLE_VERSION", 12040);
    return 0;
}

int cuDeviceGetCount(int *count)
{
    *count = 1;
    return 0;
}

int cuDeviceGet(int *device, int ordinal)
{
    *device = 0;
    return ordinal == 0 ? 0 : INVALID_DEVICE;
}

int cuDeviceGetName(char *name, int length, int device)
{
    if (device != 0)
        return INVALID_DEVICE;
    snprintf(name, (size_t)length, "double of a CUDA device");
    return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device)
{
    *bytes = (size_t)number("GQN_CUDA_DOUBLE_MEMORY", 512) << 20;
    return device == 0 ? 0 : INVALID_DEVICE;
}

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    /* Numbers of CUdevice_attribute. */
    static const int attributes[][2] = {
        {1, 1024}, {2, 1024}, {3, 1024}, {4, 64}, {5, 0x7fffffff}, {6, 65535}, {7, 65535}, {8, 48 << 10}, {9, 64 << 10},
        {10, 32}, {11, 0x7fffffff}, {12, 65536}, {13, 1000000}, {16, 4}, {17, 0}, {18, 0}, {19, 1}, {20, 0}, {31, 1},
        {32, 0}, {33, 1}, {34, 0}, {35, 0}, {36, 1000000}, {37, 128}, {38, 4 << 20}, {39, 2048}, {40, 2}, {41, 1},
        {50, 0}, {75, 9}, {76, 0}, {78, 1}, {79, 1}, {80, 1}, {81, 228 << 10}, {82, 65536}, {83, 0}, {88, 0}, {89, 0},
        {90, 1}, {91, 1}, {97, 227 << 10}, {106, 32},
    };
    if (device != 0)
        return INVALID_DEVICE;
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (attributes[i][0] == attribute) {
            *value = attributes[i][1];
            return 0;
        }
    }
    fprintf(stderr, "The double of NVIDIA's driver does not know the device attribute %d.\n", attribute);
    return INVALID_VALUE;
}
