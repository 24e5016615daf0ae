import Glibc
package import Guomi
package import SecureElement

/// The device secret: 32 random bytes in a file that only the element's user reads. Whoever has it and the store has
/// the keys; on a device it belongs where the store is not (a fuse, a TPM-sealed file, another partition).
package enum DeviceSecret {
  static let byteCount = 32

  /// Reads the secret, or makes one where there is no file.
  ///
  /// - Throws: `.storage` when it can not be read or made, when others may read it, or when it has another length.
  package static func load(_ path: String, random: RandomSource) throws(SecureElementError) -> SecretBytes {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    if file < 0, errno == ENOENT { return try make(path, random) }
    guard file >= 0 else { throw .storage }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & 0o077 == 0, status.st_size == off_t(byteCount),
      status.st_uid == geteuid()
    else { throw .storage }
    var count = 0
    let secret = SecretBytes(count: byteCount) { count = read(file, $0.baseAddress, $0.count) }
    guard count == byteCount else { throw .storage }
    return secret
  }

  /// Whole or not at all: written beside, then given its name.
  private static func make(_ path: String, _ random: RandomSource) throws(SecureElementError) -> SecretBytes {
    let secret: SecretBytes
    do throws(RandomFailure) { secret = try random.secret(byteCount) } catch { throw .randomness }
    let part = path + ".part"
    let file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw .storage }
    defer { close(file) }
    let count = secret.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    guard count == byteCount, fsync(file) == 0, rename(part, path) == 0 else { throw .storage }
    return secret
  }
}
