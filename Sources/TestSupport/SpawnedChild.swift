import CLinux
import Foundation

/// A process just started, with this side's ends of its pipes.
struct SpawnedChild {
  let process: pid_t
  /// What it writes is read here.
  let output: Int32
  /// Its input ends when this is closed.
  let lifeline: Int32?

  /// - Throws: `.notStarted`.
  init(_ order: ChildProgram.Order) throws(ChildProgramError) {
    let output = try Self.pipe(order)
    let input = order.hasLifeline ? try Self.pipe(order) : nil
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input.read, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, output.write, 1)
    posix_spawn_file_actions_adddup2(&actions, output.write, 2)
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    if let folder = order.folder { posix_spawn_file_actions_addchdir_np(&actions, folder) }

    let result = Self.spawn(order, &actions)
    close(output.write)
    if let input { close(input.read) }
    guard case .success(let process) = result else {
      close(output.read)
      if let input { close(input.write) }
      throw .notStarted(order.program, errno: result.errno)
    }
    self.process = process
    self.output = output.read
    lifeline = input?.write
  }

  private static func spawn(
    _ order: ChildProgram.Order, _ actions: inout posix_spawn_file_actions_t
  ) -> Spawned {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var (none, all) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    posix_spawnattr_setflags(&attributes, Int16(flags))

    let variables = ProcessInfo.processInfo.environment.merging(order.environment) { $1 }
    var arguments = ([order.program] + order.arguments).map { strdup($0) } + [nil]
    var environment = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var process: pid_t = 0
    let error = posix_spawn(&process, order.program, &actions, &attributes, &arguments, &environment)
    return error == 0 ? .success(process) : .failure(error)
  }

  private enum Spawned {
    case success(pid_t)
    case failure(Int32)

    var errno: Int32 { if case .failure(let errno) = self { errno } else { 0 } }
  }

  /// Neither end is passed on to another program.
  private static func pipe(_ order: ChildProgram.Order) throws(ChildProgramError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard pipe2(&ends, O_CLOEXEC) == 0 else { throw .notStarted(order.program, errno: errno) }
    return (ends[0], ends[1])
  }
}
