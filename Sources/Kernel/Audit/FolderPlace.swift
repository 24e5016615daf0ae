package import Foundation
package import MerkleLog

/// Copies of checkpoints in a folder: another disk, a network share, a medium that can only be written once.
///
/// One file a month, `2026-11.checkpoints`, a line a checkpoint: the base64 of its text. Lines are only ever added, so
/// the file may be made append-only (`chattr +a`).
package struct FolderPlace: CheckpointPlace {
  package let name: String
  private let folder: URL

  package init(_ folder: URL) {
    self.folder = folder
    name = "folder:\(folder.standardizedFileURL.path)"
  }

  package func keep(_ checkpoint: SignedCheckpoint) async throws {
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let month = String(checkpoint.checkpoint.time.prefix(7))
    guard month.utf8.allSatisfy({ (48...57).contains($0) || $0 == 45 }) else { throw MerkleError.malformed("time") }
    let path = folder.appendingPathComponent("\(month).checkpoints").path
    let file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw PlaceError(path: path, errno: errno) }
    defer { close(file) }
    var line = Data(checkpoint.text.utf8).base64EncodedString() + "\n"
    // A line that a power cut tore stays as it is; this one does not grow on to it.
    if try !Self.endsLine(file, path) { line = "\n" + line }
    let bytes = Array(line.utf8)
    guard write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
      throw PlaceError(path: path, errno: errno)
    }
  }

  private static func endsLine(_ file: Int32, _ path: String) throws(PlaceError) -> Bool {
    let end = lseek(file, 0, SEEK_END)
    guard end >= 0 else { throw PlaceError(path: path, errno: errno) }
    if end == 0 { return true }
    var last: UInt8 = 0
    guard pread(file, &last, 1, end - 1) == 1 else { throw PlaceError(path: path, errno: errno) }
    return last == 10
  }

  /// What a folder holds.
  package struct Copies: Sendable {
    /// In the order of the files and lines.
    package var checkpoints: [SignedCheckpoint] = []
    /// Lines that are no checkpoint and no torn beginning of the next line: `2026-11.checkpoints:17`.
    package var damaged: [String] = []
  }

  /// The most bytes of one month's file.
  private static let fileBytesMax = 256 << 20

  /// Reads all copies in a folder.
  ///
  /// - Throws: when the folder or a file cannot be read, `MerkleError.tooLarge`.
  package static func copies(in folder: URL) throws -> Copies {
    var copies = Copies()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".checkpoints") }.sorted()
    for name in names {
      let url = folder.appendingPathComponent(name)
      let data = try Data(contentsOf: url, options: .mappedIfSafe)
      guard data.count <= fileBytesMax else { throw MerkleError.tooLarge(name) }
      let lines = data.split(separator: 10, omittingEmptySubsequences: true).map { String(decoding: $0, as: UTF8.self) }
      for (index, line) in lines.enumerated() {
        if let checkpoint = checkpoint(line) {
          copies.checkpoints.append(checkpoint)
        } else if !(index + 1 < lines.count && lines[index + 1].hasPrefix(line)) {
          copies.damaged.append("\(name):\(index + 1)")
        }
      }
    }
    return copies
  }

  private static func checkpoint(_ line: String) -> SignedCheckpoint? {
    guard let data = Data(base64Encoded: line), data.base64EncodedString() == line,
      let text = String(validating: data, as: UTF8.self)
    else { return nil }
    return try? SignedCheckpoint(text: text)
  }
}

/// A copy could not be written.
package struct PlaceError: Error, Sendable, Hashable {
  package let path: String
  package let errno: Int32
}
