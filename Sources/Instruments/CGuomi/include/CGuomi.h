// All that the module offers. A header that is not named here is not seen by a build that knew the folder before.

#ifndef CGUOMI_H
#define CGUOMI_H

#include "guomi_memory.h"
#include "guomi_random.h"
#include "guomi_sm2.h"
#include "guomi_sm3.h"
#include "guomi_sm4.h"

#endif
