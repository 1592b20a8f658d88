/* A double of NVIDIA's driver for tests: the device is described here, everything else is forwarded to functions that
   the test program installs. Signatures are those of the public driver interface, with every argument as one word:
   no function of the list takes a structure or a floating-point number by value. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uintptr_t word;

enum { INVALID_VALUE = 1, STUB_LIBRARY = 34, INVALID_DEVICE = 101 };

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

static int missing(const char *name)
{
    fprintf(stderr, "The double of NVIDIA's driver has no %s outside the test program.\n", name);
    return STUB_LIBRARY;
}

#define DEFINE(name, types, parameters, arguments) \
    static int (*name##_target) types; \
    int name parameters { return name##_target ? name##_target arguments : missing(#name); }
#define F0(n) DEFINE(n, (void), (void), ())
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
        {400, "invalid resource handle"}, {500, "named symbol not found"}, {600, "device not ready"},
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

static long long number(const char *variable, long long otherwise)
{
    const char *text = getenv(variable);
    return text && *text ? atoll(text) : otherwise;
}

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
