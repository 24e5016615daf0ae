import Foundation
import KeyService
import Logging
import ServiceLifecycle
import Synchronization

/// The key service in a process of its own, beside the server: started before anything is sealed, started again when it
/// dies, ended with the server however that ends, since its standard input then ends.
final class VaultProcess: Service {
  private let program: URL
  private let folder: URL
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    var input: Pipe?
    var ends: AsyncStream<Int32>?
    var isStopping = false
  }

  /// How long the server waits for its key service before it goes on without.
  private static let startingTime: Duration = .seconds(15)
  /// How long it may take to end.
  private static let closingTime: Duration = .seconds(4)
  /// The longest rest before it is started again.
  private static let restSecondsMax = 60

  /// - Parameter folder: the key service's own; made when it is not there.
  init(folder: URL, logger: Logger) {
    program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent("anju-vault")
    self.folder = folder
    self.logger = logger
  }

  /// Starts it and waits until it answers. A failure is logged, not thrown: all that needs no secret goes on.
  func start() async {
    do { try await begin() } catch {
      logger.error(
        "the key service did not start: sealed values cannot be written or read",
        metadata: ["error": "\(error)", "log": "\(folder.path)/vault.log"])
    }
  }

  func run() async throws {
    var restSeconds = 1
    await withGracefulShutdownHandler {
      while !state.withLock({ $0.isStopping }) {
        if let ends = state.withLock({ $0.ends }) {
          for await status in ends {
            guard !state.withLock({ $0.isStopping }) else { return }
            logger.error("the key service ended and is started again", metadata: ["status": "\(status)"])
          }
        }
        guard !state.withLock({ $0.isStopping }) else { return }
        let rest = Duration.seconds(restSeconds)
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: rest) }
        restSeconds = min(Self.restSecondsMax, restSeconds * 2)
        guard !state.withLock({ $0.isStopping }), !Task.isCancelled else { return }
        await start()
      }
    } onGracefulShutdown: {
      self.stop()
    }
    stop()
  }

  /// Tells it to end.
  func stop() {
    let input = state.withLock { state in
      state.isStopping = true
      defer { state.input = nil }
      return state.input
    }
    try? input?.fileHandleForWriting.close()
  }

  private func begin() async throws {
    guard FileManager.default.isExecutableFile(atPath: program.path) else {
      throw ServerError.vaultMissing(path: program.path)
    }
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let process = Process()
    process.executableURL = program
    process.arguments = ["run", "--data", folder.path, "--found-if-missing", "--until-input-ends"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = try log()
    let (ends, ended) = AsyncStream<Int32>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let (words, said) = AsyncStream<Bool>.makeStream(bufferingPolicy: .bufferingNewest(1))
    process.terminationHandler = { process in
      ended.yield(process.terminationStatus)
      ended.finish()
      said.finish()
    }
    output.fileHandleForReading.readabilityHandler = { file in
      let bytes = file.availableData
      if bytes.isEmpty { file.readabilityHandler = nil }
      if String(decoding: bytes, as: UTF8.self).contains("vault: ") { said.yield(true) }
    }
    try process.run()
    state.withLock { state in
      state.input = input
      state.ends = ends
    }
    let patience = Task {
      try await Task.sleep(for: Self.startingTime)
      said.finish()
    }
    defer { patience.cancel() }
    for await _ in words { return }
    throw ServerError.vaultSilent
  }

  private func log() throws -> FileHandle {
    let file = folder.appendingPathComponent("vault.log")
    if !FileManager.default.fileExists(atPath: file.path) {
      _ = FileManager.default.createFile(atPath: file.path, contents: nil, attributes: [.posixPermissions: 0o600])
    }
    let handle = try FileHandle(forWritingTo: file)
    try handle.seekToEnd()
    return handle
  }
}
