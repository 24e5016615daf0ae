import COpenSSL

/// As the library that is loaded says it.
let openSSLVersion = String(cString: OpenSSL_version(OPENSSL_VERSION_STRING))
