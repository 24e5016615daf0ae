import Audit
import Foundation
import MerkleLog
import Synchronization

/// Copies of checkpoints through a program: `scp`, a mail, a ledger of somebody else's. The checkpoint's text is its
/// input; it keeps it when it ends with 0.
struct CommandPlace: CheckpointPlace {
  let name: String
  /// How long one call may take.
  private static let secondsMax = 30
  private let command: String

  /// - Parameter command: as `/bin/sh -c` takes it.
  init(_ command: String) {
    self.command = command
    name = "command:\(command)"
  }

  func keep(_ checkpoint: SignedCheckpoint) async throws {
    let process = Process()
    // A file, not a pipe: a program that ends without reading must not end this one with SIGPIPE.
    guard let input = tmpfile() else { throw CommandPlaceError(status: -1) }
    defer { fclose(input) }
    let text = Array(checkpoint.text.utf8)
    guard fwrite(text, 1, text.count, input) == text.count, fflush(input) == 0, lseek(fileno(input), 0, SEEK_SET) == 0
    else { throw CommandPlaceError(status: -1) }
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.standardInput = FileHandle(fileDescriptor: fileno(input), closeOnDealloc: false)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    let (ends, ended) = AsyncStream<Int32>.makeStream(bufferingPolicy: .bufferingNewest(1))
    process.terminationHandler = { process in
      ended.yield(process.terminationReason == .exit ? process.terminationStatus : -1)
      ended.finish()
    }
    try process.run()
    let patience = Task {
      try await Task.sleep(for: .seconds(Self.secondsMax))
      kill(process.processIdentifier, SIGKILL)
    }
    defer { patience.cancel() }
    var status: Int32 = -1
    for await end in ends { status = end }
    guard status == 0 else { throw CommandPlaceError(status: status) }
  }
}

/// The program did not keep the checkpoint.
struct CommandPlaceError: Error, Hashable {
  /// Its exit code; -1 when it was ended or could not be started.
  let status: Int32
}
