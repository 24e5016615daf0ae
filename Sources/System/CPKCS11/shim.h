// PKCS #11 as p11-kit's header has it, with the standard's own names. Nothing is linked: modules are loaded by dlopen.
#include <p11-kit/pkcs11.h>
