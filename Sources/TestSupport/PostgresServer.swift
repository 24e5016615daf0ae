import Foundation

/// A private PostgreSQL 15 server of this test process: made on first use in a temporary folder, reached over a Unix
/// socket only, ended and removed when the process ends, however it ends.
package actor PostgresServer {
  package static let shared = PostgresServer()

  private var starting: Task<String, any Error>?
  private var databasesCount = 0
  /// Its input ends with this process, however that ends, and then the server does.
  private var server: ChildProgram?

  /// Makes an empty database and tells how to connect to it.
  package func database() async throws -> String {
    let folder = try await folder()
    let name = "test_\(databasesCount)"
    databasesCount += 1
    let outcome = try await ChildProgram.run(ChildProgram.Order(
      "/usr/lib/postgresql/15/bin/createdb", ["--host=\(folder)", "--username=anju", "--template=template0", name]))
    guard outcome.isSuccess else { throw PostgresServerError(message: "createdb: \(outcome)") }
    return "host=\(folder) user=anju dbname=\(name)"
  }

  private func folder() async throws -> String {
    if let starting { return try await starting.value }
    let task = Task { try await start() }
    starting = task
    return try await task.value
  }

  private func start() async throws -> String {
    let folder = "/tmp/anju-postgres-\(UUID().uuidString.prefix(8))"
    let server = try await ChildProgram.start(ChildProgram.Order(
      "/bin/bash", ["-c", Self.script, "anju-postgres", folder], hasLifeline: true))
    self.server = server
    let said = try await server.wrote("\n").trimmingCharacters(in: .whitespacesAndNewlines)
    guard said == "ready" else { throw PostgresServerError(message: said) }
    return folder
  }

  /// Waits on its input, which ends with the test process, and then stops the server and removes the folder.
  private static let script = """
    trap '' INT TERM
    folder=$1
    bin=/usr/lib/postgresql/15/bin
    [ -x $bin/initdb ] || { echo "PostgreSQL 15 is not installed: apt-get install postgresql-15"; exit 1; }
    mkdir -m 755 "$folder"
    as=
    # The server refuses to run as root.
    if [ "$(id -u)" = 0 ]; then
      chown postgres "$folder"
      as="setpriv --reuid=postgres --regid=postgres --init-groups --"
    fi
    cd "$folder"
    $as $bin/initdb -D data -U anju -A trust -E UTF8 --locale=C.UTF-8 --no-sync >log 2>&1 &&
    $as $bin/pg_ctl -D data -w -l server.log -o "-k $folder -c listen_addresses= -c max_connections=300 -c fsync=off \
    -c max_wal_size=256MB -c shared_buffers=64MB" start >>log 2>&1 </dev/null ||
      { tail -n 3 log server.log 2>&1 | tr '\\n' ' '; exit 1; }
    echo ready
    cat >/dev/null
    $as $bin/pg_ctl -D data -m immediate stop >/dev/null 2>&1
    cd / && rm -rf "$folder"
    """
}

/// The test server did not start.
package struct PostgresServerError: Error {
  package let message: String
}
