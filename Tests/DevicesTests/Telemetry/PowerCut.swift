import Foundation
import TestSupport
import Testing

/// The simulated power cut (Tests/PowerCut/powercut.c): compiles it, and takes back what was not synced.
enum PowerCut {
  /// Compiles the shim into a folder.
  static func library(in folder: URL) async throws -> String {
    let source = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../PowerCut/powercut.c").standardized
    let library = folder.appending(path: "powercut.so").path
    let outcome = try await ChildProgram.run(ChildProgram.Order(
      "cc", ["-O1", "-shared", "-fPIC", "-o", library, source.path, "-ldl", "-lpthread"]))
    try #require(outcome.isSuccess, "the shim does not compile: \(outcome)")
    return library
  }

  /// Writes back what every change replaced that was not synced, the last first.
  ///
  /// - Returns: how many changes were taken back.
  static func takeBack(journal path: String) throws -> Int {
    let journal = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
    func word(_ offset: Int) -> Int {
      Int(truncatingIfNeeded: journal.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) })
    }
    let (filesMax, nameBytes, noteBytes) = (16, 512, 40)
    let names = (0..<word(8)).map { number in
      String(decoding: journal[(16 + number * nameBytes)...].prefix(nameBytes).prefix { $0 != 0 }, as: UTF8.self)
    }
    var notes: [Int] = []
    var place = 16 + filesMax * nameBytes
    while place < word(0) {
      if word(place + 8) == 1 { notes.append(place) }
      place = (place + noteBytes + word(place + 24) + 7) & ~7
    }
    for note in notes.reversed() {
      let descriptor = open(names[word(note)], O_WRONLY)
      // A file that was unlinked meanwhile has nothing to go back to.
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      let (offset, length, size) = (word(note + 16), word(note + 24), word(note + 32))
      let old = journal.subdata(in: (note + noteBytes)..<(note + noteBytes + length))
      let written = old.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, length, off_t(offset)) }
      try #require(written == length && ftruncate(descriptor, off_t(size)) == 0)
    }
    return notes.count
  }
}
