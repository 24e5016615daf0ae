#if canImport(Glibc)
  import Glibc
#endif

extension CertificateAuthority {
  /// Stores certificate and key in two new files and makes them durable; only the owner may read the key (0600).
  ///
  /// - Throws: `.file` when a file exists already or cannot be written: an authority is never overwritten.
  public func save(certificatePath: String, keyPath: String) throws(CertificateAuthorityError) {
    try Self.write(privateKeyPEM, to: keyPath, mode: 0o600)
    try Self.write(certificatePEM, to: certificatePath, mode: 0o644)
  }

  /// Takes up an authority from its two files.
  ///
  /// - Throws: `.keyFileOpen` when others may read the key.
  public static func load(certificatePath: String, keyPath: String) throws(CertificateAuthorityError) -> Self {
    var status = stat()
    guard stat(keyPath, &status) == 0 else { throw failure(keyPath) }
    guard status.st_mode & 0o077 == 0 else { throw .keyFileOpen(path: keyPath) }
    return try CertificateAuthority(certificatePEM: read(certificatePath), privateKeyPEM: read(keyPath))
  }

  /// Writes a new file and syncs it and its folder.
  ///
  /// - Parameter mode: for a secret, 0600.
  /// - Throws: `.file` when it exists or cannot be written.
  public static func write(_ text: String, to path: String, mode: UInt32) throws(CertificateAuthorityError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    // The mask of the process must not loosen or tighten what was asked for.
    guard fchmod(descriptor, mode_t(mode)) == 0 else { throw failure(path) }
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw failure(path) }
      written += count
    }
    guard fsync(descriptor) == 0 else { throw failure(path) }
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let folderDescriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folderDescriptor >= 0 else { throw failure(folder) }
    defer { close(folderDescriptor) }
    guard fsync(folderDescriptor) == 0 else { throw failure(folder) }
  }

  private static func read(_ path: String) throws(CertificateAuthorityError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while bytes.count <= fileBytesMax {
      let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw failure(path) }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(contentsOf: buffer[..<count])
    }
    throw .file(path: path, problem: "larger than \(fileBytesMax) bytes")
  }

  private static let fileBytesMax = 64 * 1_024

  private static func failure(_ path: String) -> CertificateAuthorityError {
    .file(path: path, problem: String(cString: strerror(errno)))
  }
}
