import ArgumentParser
import Foundation
import Guomi
import Kernel
import KeyService

/// Where the key service keeps its things, and its token.
struct FolderOptions: ParsableArguments {
  @Option(help: "The key service's own folder.")
  var data: String

  @Option(help: "The PKCS #11 module of the token; SoftHSM2 with its token in the folder unless told otherwise.")
  var module: String?

  func opened() throws -> VaultFolder {
    let folder = try VaultFolder(URL(fileURLWithPath: data, isDirectory: true))
    if module == nil { try folder.useOwnSoftToken() }
    return folder
  }

  func core(_ folder: VaultFolder) async throws -> VaultCore {
    try await folder.core(
      modulePath: module ?? VaultFolder.softModulePath, time: Sources.time, ids: Sources.ids, random: .operatingSystem)
  }
}

/// The real clock and real randomness: made here, in the program.
enum Sources {
  static let time = Timekeeper(
    now: { Instant(microseconds: Int64((Date().timeIntervalSince1970 * 1_000_000).rounded(.down))) },
    sleep: { try await Task.sleep(for: $0) })
  static let ids = IDSource(time: time) { (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)) }
}

/// Says something at once, also into a pipe.
func tell(_ text: String) {
  FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

func fail(_ error: any Error) -> ExitCode {
  FileHandle.standardError.write(Data("anju-vault: \(error)\n".utf8))
  return ExitCode(1)
}
