import CLinux
import Glibc
import Guomi
import SecureElement

/// Where the state lies: two files that are written in turn, each the whole state, sealed with SM4-GCM.
///
/// The one written before stays whole while the other is written, so that a kill or a power cut at any moment leaves
/// the last state that was answered for. Both files are opened at the start; a confined element opens no file any
/// more.
///
/// | bytes | what |
/// |---|---|
/// | 8 | `ANJUSE` 0 1 |
/// | 8 | generation, big-endian; the higher one of two good files counts |
/// | 4 | bytes that follow |
/// | … | nonce ‖ ciphertext ‖ tag; all before is authenticated |
final class ElementStore {
  private static let magic: [UInt8] = Array("ANJUSE".utf8) + [0, 1]
  private static let headByteCount = 20
  private static let byteCountMax = 1 << 20

  private let files: [Int32]
  private let key: SM4.GCMKey
  private var generation: UInt64 = 0
  /// Where the last good state is; the next goes to the other.
  private var current = 1

  /// Opens both files, made if they are not there, and locks the folder against a second element.
  ///
  /// - Parameters:
  ///   - secret: the device secret, 32 bytes or more; the key of the files is derived of it.
  /// - Throws: `.storage`.
  init(folder: String, secret: SecretBytes, random: RandomSource) throws(SecureElementError) {
    let storeKey = KBKDF.derive(secret: secret, label: Array("ANJU-SE-STORE-1".utf8), context: [], byteCount: 16)
    do { key = try SM4.GCMKey(storeKey, random: random) } catch { throw .storage }
    var files: [Int32] = []
    var isNew = false
    for name in ["state.0", "state.1"] {
      var file = open("\(folder)/\(name)", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
      if file < 0, errno == ENOENT {
        isNew = true
        file = open("\(folder)/\(name)", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      }
      guard file >= 0 else { throw .storage }
      files.append(file)
    }
    self.files = files
    guard flock(files[0], LOCK_EX | LOCK_NB) == 0 else { throw .storage }
    guard isNew else { return }
    // The names of the files, too, have to outlive a power cut.
    let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw .storage }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw .storage }
  }

  deinit { for file in files { linux_close_unlocked(file) } }

  /// The last state that was saved.
  ///
  /// - Returns: nil when nothing was saved ever.
  /// - Throws: `.notAuthentic` when there is something, but nothing that this secret opens.
  func load() throws(SecureElementError) -> StoredState? {
    var found: (state: SecretBytes, generation: UInt64, file: Int)?
    var isEmpty = true
    for file in files.indices {
      let bytes = try read(files[file])
      if !bytes.isEmpty { isEmpty = false }
      guard let (state, generation) = opened(bytes), generation > found?.generation ?? 0 else { continue }
      found = (state, generation, file)
    }
    guard let found else {
      // One file torn in the very first write is as nothing: nobody was answered.
      if isEmpty || isFirstWriteTorn { return nil }
      throw .notAuthentic
    }
    (generation, current) = (found.generation, found.file)
    return try StoredState(found.state)
  }

  /// The first state goes to file 0; while file 1 is empty, file 0 has never been answered for twice.
  private var isFirstWriteTorn: Bool {
    guard let first = try? read(files[0]), let second = try? read(files[1]), second.isEmpty else { return false }
    guard first.count >= Self.headByteCount else { return true }
    let length = first[16..<20].reduce(0) { $0 << 8 | Int($1) }
    return first.count < Self.headByteCount + length
  }

  /// Saves a state: when this returns it is on the disk.
  ///
  /// - Throws: `.storage`: the state of before counts on.
  func save(_ state: StoredState) throws(SecureElementError) {
    let plain = state.sealed
    let next = generation + 1
    var head = Self.magic + withUnsafeBytes(of: next.bigEndian) { Array($0) }
    let length = UInt32(plain.count + SM4.GCMKey.overheadByteCount)
    head += withUnsafeBytes(of: length.bigEndian) { Array($0) }
    let sealed: [UInt8]
    do throws(SM4.Failure) {
      sealed = try key.seal(plain, authenticating: head)
    } catch {
      if case .random = error { throw .randomness }
      throw .storage
    }
    let target = 1 - current
    try write(head + sealed, to: files[target])
    (generation, current) = (next, target)
  }

  private func opened(_ bytes: [UInt8]) -> (SecretBytes, UInt64)? {
    guard bytes.count >= Self.headByteCount, Array(bytes[..<8]) == Self.magic else { return nil }
    let generation = bytes[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let length = bytes[16..<20].reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - Self.headByteCount else { return nil }
    // A file may be longer than its state: what was written before may have been.
    let sealed = bytes[Self.headByteCount..<Self.headByteCount + length]
    guard let state = try? key.openSecret(sealed, authenticating: bytes[..<Self.headByteCount]) else { return nil }
    return (state, generation)
  }

  private func read(_ file: Int32) throws(SecureElementError) -> [UInt8] {
    var status = stat()
    guard fstat(file, &status) == 0, status.st_size <= Self.byteCountMax else { throw .storage }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes { all in
        let rest = UnsafeMutableRawBufferPointer(rebasing: all[done...])
        return pread(file, rest.baseAddress, rest.count, off_t(done))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .storage }
      done += count
    }
    return bytes
  }

  private func write(_ bytes: [UInt8], to file: Int32) throws(SecureElementError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { all in
        let rest = UnsafeRawBufferPointer(rebasing: all[done...])
        return pwrite(file, rest.baseAddress, rest.count, off_t(done))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .storage }
      done += count
    }
    // What a longer state left behind is no one's any more.
    guard ftruncate(file, off_t(bytes.count)) == 0, fdatasync(file) == 0 else { throw .storage }
  }
}
