import CLinux
package import Foundation
import Glibc
package import Guomi
package import Kernel

import PKCS11
import SQLStore
import Vault

/// The key service's own folder: store, token, seal key, callers' tokens, backups, socket. Only its owner may read it,
/// and only one key service uses it at a time.
package final class VaultFolder: Sendable {
  package let url: URL
  private let lock: Int32

  /// Makes the folder if it is not there, and takes its lock, which the kernel gives back however the process ends.
  ///
  /// - Throws: `VaultFolderError`.
  package init(_ url: URL) throws(VaultFolderError) {
    do {
      try FileManager.default.createDirectory(
        at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .unusable(path: url.path, reason: "\(error)")
    }
    guard chmod(url.path, 0o700) == 0 else { throw .unusable(path: url.path, reason: "it is somebody else's") }
    let lock = open(url.appendingPathComponent("lock").path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw .unusable(path: url.path, reason: String(cString: strerror(errno))) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw .inUse(path: url.path)
    }
    self.url = url
    self.lock = lock
  }

  deinit { linux_close_unlocked(lock) }

  /// The socket that callers connect to.
  package static func socket(in url: URL) -> URL { url.appendingPathComponent("vault.sock") }
  /// The token that the platform shows.
  package static func platformToken(in url: URL) -> URL { url.appendingPathComponent("platform.token") }
  /// The token that custodians' commands show.
  package static func custodianToken(in url: URL) -> URL { url.appendingPathComponent("custodian.token") }
  package static func sealKey(in url: URL) -> URL { url.appendingPathComponent("seal.key") }

  /// Where Debian keeps SoftHSM2's module.
  package static let softModulePath = "/usr/lib/softhsm/libsofthsm2.so"

  /// Tells SoftHSM2 to keep its tokens here. To be called before anything else runs: it changes the environment.
  package func useOwnSoftToken() throws(VaultFolderError) {
    let tokens = url.appendingPathComponent("token", isDirectory: true)
    let file = url.appendingPathComponent("softhsm2.conf")
    let text = "directories.tokendir = \(tokens.path)\nobjectstore.backend = file\nlog.level = ERROR\n"
    do {
      try FileManager.default.createDirectory(
        at: tokens, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try text.write(to: file, atomically: true, encoding: .utf8)
    } catch {
      throw .unusable(path: url.path, reason: "\(error)")
    }
    setenv("SOFTHSM2_CONF", file.path, 1)
  }

  /// As `SecretText.write`.
  func write(_ secret: SecretBytes, to file: URL) throws(VaultFolderError) { try SecretText.write(secret, to: file) }

  /// The core on this folder's store, prepared.
  package func core(
    modulePath: String, time: Timekeeper, ids: IDSource, random: RandomSource,
    reach: @escaping @Sendable (FaultPoint) throws -> Void = { _ in }
  ) async throws -> VaultCore {
    let store = try SQLStore.sqlite(path: url.appendingPathComponent("vault.db").path)
    var environment = VaultCore.Environment(
      store: store, module: try PKCS11Module.load(path: modulePath), time: time, ids: ids, random: random,
      backupFolder: url.appendingPathComponent("backups", isDirectory: true))
    environment.reach = reach
    let core = VaultCore(environment)
    try await core.prepare()
    return core
  }

  /// Makes a new key service and writes what it gives out: tokens, and the seal key if that is to lie in a file.
  ///
  /// - Returns: the shares, to be shown once.
  package func found(_ core: VaultCore, _ kind: SealKind) async throws -> [Shamir.Share] {
    let founding = try await core.found(kind, label: "anju-vault")
    try write(founding.platformToken, to: Self.platformToken(in: url))
    try write(founding.custodianToken, to: Self.custodianToken(in: url))
    if let seal = founding.sealKey { try write(seal, to: Self.sealKey(in: url)) }
    return founding.shares
  }

  /// Opens with the seal key's file, if there is one.
  ///
  /// - Returns: false when shares are needed.
  package func openWithFile(_ core: VaultCore) async throws -> Bool {
    let file = Self.sealKey(in: url)
    guard FileManager.default.fileExists(atPath: file.path) else { return false }
    try await core.open(sealKey: try SecretText.read(file, count: SealKey.bytes))
    return true
  }
}

/// Secrets in files, as hexadecimal digits.
package enum SecretText {
  static func hex(_ secret: SecretBytes) -> SecretBytes {
    let digits = Array("0123456789abcdef".utf8)
    return secret.withUnsafeBytes { bytes in
      SecretBytes(count: 2 * bytes.count) { text in
        for (index, byte) in bytes.enumerated() {
          text[2 * index] = digits[Int(byte >> 4)]
          text[2 * index + 1] = digits[Int(byte & 15)]
        }
      }
    }
  }

  /// Writes a secret into a file that only the owner reads; never over another.
  package static func write(_ secret: SecretBytes, to file: URL) throws(VaultFolderError) {
    let descriptor = open(file.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .unusable(path: file.path, reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    let digits = hex(secret)
    let isWritten = digits.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
    guard isWritten, fsync(descriptor) == 0 else {
      unlink(file.path)
      throw .unusable(path: file.path, reason: "it cannot be written")
    }
  }

  /// Reads a secret of so many bytes.
  ///
  /// - Throws: `VaultFolderError.unusable` when the file is not there, not only its owner's, or of another form.
  package static func read(_ file: URL, count: Int) throws(VaultFolderError) -> SecretBytes {
    let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .unusable(path: file.path, reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & 0o007 == 0 else {
      throw .unusable(path: file.path, reason: "others may read it: chmod 600")
    }
    let text = SecretBytes(count: 2 * count) { buffer in _ = Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
    var isFit = true
    let secret = text.withUnsafeBytes { text in
      SecretBytes(count: count) { bytes in
        for index in 0..<count {
          guard let high = digit(text[2 * index]), let low = digit(text[2 * index + 1]) else {
            isFit = false
            return
          }
          bytes[index] = high << 4 | low
        }
      }
    }
    guard isFit else { throw .unusable(path: file.path, reason: "it is no key of \(count) bytes") }
    return secret
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}

/// Why the key service's folder cannot be used.
package enum VaultFolderError: Error, Equatable, CustomStringConvertible {
  case unusable(path: String, reason: String)
  case inUse(path: String)

  package var description: String {
    switch self {
    case .unusable(let path, let reason): "\(path) cannot be used: \(reason)"
    case .inUse(let path): "the key service's folder \(path) is in use by another key service"
    }
  }
}
