import Foundation
import Synchronization

/// A program that a test starts. It is killed when the test lets go of it, and when the test process dies.
///
/// It is not Foundation's `Process`: that starts programs from worker threads whose signals are blocked, which the
/// program inherits, so that SIGTERM never arrives; it passes descriptors of programs started at the same moment on;
/// and its waiting blocks. Here a program begins with no signal blocked or ignored, with its three standard
/// descriptors only, in a process group of its own, and one thread of its own waits for it.
package final class ChildProgram: Sendable {
  /// How a program ended.
  package enum End: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)
  }

  /// What came of a program.
  package struct Outcome: Sendable {
    package let end: End
    /// What it wrote, both outputs in the order of writing; the first 4 MiB.
    package let output: String

    package var isSuccess: Bool { end == .exited(0) }
  }

  /// What to start.
  package struct Order: Sendable {
    package var program: String
    package var arguments: [String]
    /// Added to the environment of the tests.
    package var environment: [String: String]
    /// Where it runs; nil for where the tests do.
    package var folder: String?
    /// Its input stays open until the test process ends, which tells the program to end itself in order; it is not
    /// killed then. Otherwise its input is empty.
    package var hasLifeline: Bool

    /// - Parameter program: a path, or a name to find in PATH.
    package init(
      _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], folder: String? = nil,
      hasLifeline: Bool = false
    ) {
      self.program = program
      self.arguments = arguments
      self.environment = environment
      self.folder = folder
      self.hasLifeline = hasLifeline
    }

    /// A program of this package, built beside the tests.
    package static func built(
      _ program: String, _ arguments: [String] = [], environment: [String: String] = [:]
    ) -> Order {
      let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      return Order(folder.appending(path: program).path, arguments, environment: environment)
    }

    /// Python with the packages that `./anju test` fetched (scripts/pypi-tests.txt), or with the system's.
    package static func python(_ arguments: [String]) -> Order {
      let packages = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: ".anju/python").path
      let isFetched = FileManager.default.fileExists(atPath: packages)
      return Order("python3", arguments, environment: isFetched ? ["PYTHONPATH": packages] : [:])
    }
  }

  private let life: ChildLife

  private init(life: ChildLife) {
    self.life = life
  }

  deinit {
    life.letGo()
  }

  /// Starts a program.
  ///
  /// - Throws: `.missing` when there is no such program, `.notStarted`.
  package static func start(_ order: Order) async throws(ChildProgramError) -> ChildProgram {
    ChildProgram(life: try await ChildLife.begin(try order.resolved()))
  }

  /// Runs a program to its end.
  ///
  /// - Throws: `.tooLong` when it had to be killed after the given time.
  package static func run(
    _ order: Order, secondsMax: Int = Patience.seconds
  ) async throws(ChildProgramError) -> Outcome {
    let child = try await start(order)
    return try await child.ended(secondsMax: secondsMax)
  }

  /// Keeps the program for a body, and kills it when the body returns or throws.
  package func during<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      let result = try await body()
      await kill()
      return result
    } catch {
      await kill()
      throw error
    }
  }

  /// What it wrote so far.
  package var output: String { life.output }

  package var isRunning: Bool { life.end == nil }

  /// Sends a signal to the program alone; nothing happens when it ended.
  package func send(signal: Int32) {
    life.send(signal: signal)
  }

  /// Kills the program and what it started (-9), and waits until it is gone.
  ///
  /// - Returns: how it ended: by itself, if it was faster.
  @discardableResult
  package func kill() async -> End {
    life.kill()
    return await life.wait { $0.end } ?? .signalled(SIGKILL)
  }

  /// Waits for the program's end.
  ///
  /// - Throws: `.tooLong` when it had to be killed, after the given time or because the test was cancelled.
  package func ended(secondsMax: Int = Patience.seconds) async throws(ChildProgramError) -> Outcome {
    guard let end = await life.wait(secondsMax: secondsMax, { $0.end }) else {
      await kill()
      throw .tooLong(output: output)
    }
    return Outcome(end: end, output: output)
  }

  /// Waits until the program wrote a text.
  ///
  /// - Returns: all it wrote until now.
  /// - Throws: `.ended` when it ended without, `.tooLong` when the time was up or the test was cancelled.
  @discardableResult
  package func wrote(_ text: String, secondsMax: Int = Patience.seconds) async throws(ChildProgramError) -> String {
    let bytes = Array(text.utf8)
    let found = await life.wait(secondsMax: secondsMax) { state -> Bool? in
      if state.output.contains(bytes) { true } else if state.end != nil { false } else { nil }
    }
    switch found {
    case true?: return output
    case false?: throw .ended(life.end ?? .exited(0), output: output)
    case nil: throw .tooLong(output: output)
    }
  }
}

/// What can be wrong with a program.
package enum ChildProgramError: Error {
  /// There is no such program, or it may not be run.
  case missing(String)
  case notStarted(String, errno: Int32)
  /// It ended before it wrote what was waited for.
  case ended(ChildProgram.End, output: String)
  case tooLong(output: String)
}

extension ChildProgram.Order {
  /// With the program's full path, and so that the system kills it when the tests die.
  func resolved() throws(ChildProgramError) -> ChildProgram.Order {
    var order = self
    order.program = try Self.path(of: program)
    if hasLifeline { return order }
    // `env` sets the variables, so that what is preloaded is preloaded into the program alone.
    order.arguments =
      ["--pdeathsig", "KILL", "--", "/usr/bin/env"] + environment.map { "\($0.key)=\($0.value)" }
      + [order.program] + arguments
    order.environment = [:]
    order.program = try Self.path(of: "setpriv")
    return order
  }

  private static func path(of program: String) throws(ChildProgramError) -> String {
    if program.contains("/") {
      guard access(program, X_OK) == 0 else { throw .missing(program) }
      return program
    }
    let folders: [Substring] = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let paths = folders.map { "\($0)/\(program)" }
    guard let path = paths.first(where: { access($0, X_OK) == 0 }) else { throw .missing(program) }
    return path
  }
}
