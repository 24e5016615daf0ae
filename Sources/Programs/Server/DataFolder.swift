import CLinux
package import Foundation
import Glibc
import Synchronization

/// The folder that holds everything a server keeps; only its owner may read it, only one server uses it at a time.
package final class DataFolder: Sendable {
  package let url: URL
  /// The descriptor that holds the lock; nil after `release`.
  private let lock: Mutex<Int32?>

  /// Makes the folder if it is not there, and takes its lock, which the kernel gives back however the process ends.
  ///
  /// - Throws: `DataFolderError`.
  package init(_ url: URL) throws(DataFolderError) {
    let lock = try Self.locked(url)
    self.url = url
    self.lock = Mutex(lock)
    ftruncate(lock, 0)
    let text = "\(getpid())\n"
    _ = pwrite(lock, text, text.utf8.count, 0)
  }

  private static func locked(_ url: URL) throws(DataFolderError) -> Int32 {
    do {
      try FileManager.default.createDirectory(
        at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .cannotMake(path: url.path, reason: String(describing: error))
    }
    chmod(url.path, 0o700)
    let lock = open(url.appendingPathComponent("lock").path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw .cannotMake(path: url.path, reason: String(cString: strerror(errno))) }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw .inUse(path: url.path, processID: owner(of: url))
    }
    return lock
  }

  deinit { release() }

  /// Gives the folder free for another server.
  package func release() {
    lock.withLock { lock in
      if let held = lock { linux_close_unlocked(held) }
      lock = nil
    }
  }

  /// A file of the folder.
  package func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// 32 random bytes that stay the same from start to start, in a file that only its owner may read.
  ///
  /// - Throws: `.cannotMake`; `.keyBroken` for a file that is there and is not 32 bytes: what was sealed with it must
  ///   not be lost by writing over it.
  func secret(_ name: String) throws(DataFolderError) -> [UInt8] {
    let file = file(name)
    if FileManager.default.fileExists(atPath: file.path) {
      guard let found = try? Data(contentsOf: file), found.count == 32 else { throw .keyBroken(path: file.path) }
      return Array(found)
    }
    let made = SystemSources.randomBytes(32)
    guard FileManager.default.createFile(
      atPath: file.path, contents: Data(made), attributes: [.posixPermissions: 0o600])
    else { throw .cannotMake(path: file.path, reason: "it cannot be written") }
    return made
  }

  /// The process that wrote itself into the lock.
  package static func owner(of url: URL) -> Int32? {
    let text = try? String(contentsOf: url.appendingPathComponent("lock"), encoding: .utf8)
    return text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  /// True while a server uses the folder.
  package static func isInUse(_ url: URL) -> Bool {
    let lock = open(url.appendingPathComponent("lock").path, O_RDWR | O_CLOEXEC)
    guard lock >= 0 else { return false }
    defer { linux_close_unlocked(lock) }
    return flock(lock, LOCK_EX | LOCK_NB) != 0
  }
}

/// Why a data folder cannot be used.
package enum DataFolderError: Error, Equatable, CustomStringConvertible {
  case cannotMake(path: String, reason: String)
  case inUse(path: String, processID: Int32?)
  case keyBroken(path: String)

  package var description: String {
    switch self {
    case .cannotMake(let path, let reason):
      "the data folder \(path) cannot be made: \(reason); choose another with --data"
    case .inUse(let path, let processID):
      "the data folder \(path) is in use by process \(processID.map(String.init) ?? "unknown"); "
        + "end it or choose another folder with --data"
    case .keyBroken(let path):
      "the key file \(path) is not 32 bytes that can be read: bring it back from a backup"
    }
  }
}
