import Dispatch
import GRDBSQLite
import Logging
import Synchronization

extension DurableLog {
  /// The checkpointer's thread: writes the write-ahead log back to the file on its own connection.
  ///
  /// While the writer writes, a checkpoint never reaches the end, and the log would grow for ever. So two passes copy
  /// nearly everything beside the writer, and a third, short one runs between two commits: after it the writer begins
  /// the log's file anew, over pages that are already allocated.
  func runCheckpoints() {
    while true {
      checkpointWake.wait()
      let isClosing = queue.withLock { $0.closing }
      if isClosing {
        checkpointPass()
        return
      }
      checkpointPass()
      checkpointPass()
      writer.withLock { _ in checkpointPass() }
      counters.withLock { $0.figures.checkpoints += 1 }
    }
  }

  private func checkpointPass() {
    checkpoint.withLock { file in
      let code = sqlite3_wal_checkpoint_v2(file.handle, "main", SQLITE_CHECKPOINT_PASSIVE, nil, nil)
      // A reader in the way is no error: the next pass gets further.
      if code != SQLITE_OK, code & 0xff != SQLITE_BUSY {
        logger.error("log checkpoint failed", metadata: ["log.sqlite": "\(code)"])
      }
    }
  }
}
