// One bit of many bytes: the unit of work of the scalar path.

#ifndef GUOMI_SM4_PLANE_H
#define GUOMI_SM4_PLANE_H

#include <stdint.h>

typedef uint64_t plane;

#endif
