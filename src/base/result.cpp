#include "tarn/base/result.h"
