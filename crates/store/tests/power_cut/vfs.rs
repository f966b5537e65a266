//! The disk as SQLite sees it: a `sqlite3_vfs` in front of a [`Disk`].
//!
//! Intuition: an interpreter. Every call is translated and nothing is decided here; what a sync or a
//! cut means stands in `disk.rs`.
//!
//! Invariants:
//! - the calls are those of SQLite's own Unix layer: it syncs the folder at the first sync of a new
//!   journal or log and when a removal asks for it, takes an empty file for an absent one, and
//!   promises that bytes beside a write are not harmed;
//! - no shared memory: the methods are version 1, so a store that did not ask for
//!   `locking_mode = EXCLUSIVE` before the write-ahead log would not open;
//! - no panic crosses into C.
#![expect(unsafe_code, reason = "SQLite's file system is an interface in C")]

use crate::disk::{Disk, FileId, Honesty, Refused};
use rusqlite::ffi;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Sectors as SQLite's Unix layer reports them; tearing is finer.
const SECTOR_BYTES_REPORTED: c_int = 4_096;
const PATH_BYTES_MAX: c_int = 128;
const NEW_JOURNAL: c_int =
    ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;

/// A disk registered with SQLite under a name, for as long as this lives.
pub(crate) struct Vfs {
    name: CString,
    disk: *mut Mutex<Disk>,
    raw: *mut ffi::sqlite3_vfs,
}

impl Vfs {
    /// `name` must be used by no other.
    pub(crate) fn register(name: &str, honesty: Honesty) -> Self {
        let name = CString::new(name).expect("no zero in a name");
        let disk = Box::into_raw(Box::new(Mutex::new(Disk::new(honesty))));
        let raw = Box::into_raw(Box::new(vfs(&name, disk)));
        // SAFETY: `raw` and all it points at live until `drop` has unregistered it.
        let answer = unsafe { ffi::sqlite3_vfs_register(raw, 0) };
        assert_eq!(answer, ffi::SQLITE_OK, "SQLite takes a file system");
        Self { name, disk, raw }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.to_str().expect("made from a str")
    }

    pub(crate) fn disk(&self) -> MutexGuard<'_, Disk> {
        // SAFETY: freed only in `drop`, and the guard borrows `self`.
        lock(unsafe { &*self.disk })
    }
}

impl Drop for Vfs {
    fn drop(&mut self) {
        // SAFETY: both came out of a box in `register`, every connection was closed before, and
        // after the unregistration SQLite knows neither.
        unsafe {
            ffi::sqlite3_vfs_unregister(self.raw);
            drop(Box::from_raw(self.raw));
            drop(Box::from_raw(self.disk));
        }
    }
}

/// An open file; SQLite allots it and sees only `base`.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    disk: *const Mutex<Disk>,
    file: FileId,
    /// The next sync is the first of a new journal or log, and syncs the folder.
    syncs_folder: bool,
}

fn vfs(name: &CStr, disk: *mut Mutex<Disk>) -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 1,
        szOsFile: c_int::try_from(size_of::<Handle>()).expect("small"),
        mxPathname: PATH_BYTES_MAX,
        pNext: std::ptr::null_mut(),
        zName: name.as_ptr(),
        pAppData: disk.cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: None,
        xCurrentTimeInt64: None,
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock_or_unlock),
    xUnlock: Some(lock_or_unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

fn lock(disk: &Mutex<Disk>) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// # Safety
/// `vfs` is one that [`Vfs::register`] made and that still lives.
unsafe fn disk_of<'a>(vfs: *mut ffi::sqlite3_vfs) -> MutexGuard<'a, Disk> {
    // SAFETY: `pAppData` is the disk, which lives as long as the registration.
    lock(unsafe { &*(*vfs).pAppData.cast::<Mutex<Disk>>() })
}

/// # Safety
/// `file` was filled by [`open`] and is not closed.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> (&'a mut Handle, MutexGuard<'a, Disk>) {
    // SAFETY: `open` wrote a whole `Handle` there, SQLite uses a file from one thread at a time,
    // and the disk lives as long as the registration.
    unsafe {
        let handle = &mut *file.cast::<Handle>();
        let disk = lock(&*handle.disk);
        (handle, disk)
    }
}

/// # Safety
/// `name` is null or ends with a zero and outlives the call.
unsafe fn text<'a>(name: *const c_char) -> Option<&'a str> {
    if name.is_null() {
        return None;
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(name) }.to_str().ok()
}

fn place(number: ffi::sqlite3_int64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite hands in our registration, a name or null, and `szOsFile` bytes for the file,
    // whose `pMethods` stays null unless the file was opened.
    unsafe {
        (*file).pMethods = std::ptr::null();
        let disk_pointer = (*vfs).pAppData.cast::<Mutex<Disk>>().cast_const();
        let name = text(name);
        let mut disk = disk_of(vfs);
        let makes = flags & ffi::SQLITE_OPEN_CREATE != 0;
        if !makes && name.is_some_and(|it| disk.find(it).is_none()) {
            return ffi::SQLITE_CANTOPEN;
        }
        let Ok(id) = disk.create(name) else { return ffi::SQLITE_IOERR };
        disk.handle_opened();
        file.cast::<Handle>().write(Handle {
            base: ffi::sqlite3_file { pMethods: &raw const METHODS },
            disk: disk_pointer,
            file: id,
            syncs_folder: makes && flags & NEW_JOURNAL != 0,
        });
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    with_folder_sync: c_int,
) -> c_int {
    // SAFETY: SQLite hands in our registration and a name.
    let (mut disk, name) = unsafe { (disk_of(vfs), text(name)) };
    let Some(name) = name.filter(|it| disk.find(it).is_some()) else {
        return if disk.is_dark() { ffi::SQLITE_IOERR } else { ffi::SQLITE_IOERR_DELETE_NOENT };
    };
    answer(disk.remove(name, with_folder_sync != 0))
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite hands in our registration, a name and a place for the answer.
    unsafe {
        let disk = disk_of(vfs);
        let found = text(name).and_then(|it| disk.find(it));
        let size = found.map_or(Ok(0), |it| disk.size(it));
        if disk.is_dark() {
            return ffi::SQLITE_IOERR;
        }
        *out = c_int::from(size.is_ok_and(|it| it > 0));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    out_size: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: `name` ends with a zero, and `out` has `out_size` bytes.
    unsafe {
        let bytes = CStr::from_ptr(name).to_bytes_with_nul();
        if usize::try_from(out_size).is_ok_and(|it| it < bytes.len()) {
            return ffi::SQLITE_CANTOPEN;
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len());
    }
    ffi::SQLITE_OK
}

/// SQLite asks the default file system for chance, never this one.
unsafe extern "C" fn randomness(
    _vfs: *mut ffi::sqlite3_vfs,
    _count: c_int,
    _out: *mut c_char,
) -> c_int {
    0
}

/// Nobody waits for anybody here.
unsafe extern "C" fn sleep(_vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

unsafe extern "C" fn current_time(_vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: SQLite hands in a place for the answer.
    unsafe { *out = 2_460_000.5 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: an open file of ours.
    let (_, mut disk) = unsafe { handle(file) };
    disk.handle_closed();
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    out: *mut c_void,
    count: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let size = usize::try_from(count).unwrap_or(0);
    // SAFETY: an open file of ours, and `out` has `count` bytes, which are filled with zeros before
    // they are borrowed.
    let (target, (handle, disk)) = unsafe {
        out.cast::<u8>().write_bytes(0, size);
        (std::slice::from_raw_parts_mut(out.cast::<u8>(), size), handle(file))
    };
    match disk.read(handle.file, place(offset), target) {
        Ok(filled) if filled == size => ffi::SQLITE_OK,
        // The rest must be zeros, and is.
        Ok(_) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(_) => ffi::SQLITE_IOERR,
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let size = usize::try_from(count).unwrap_or(0);
    // SAFETY: an open file of ours, and `bytes` has `count` bytes.
    let (source, (handle, mut disk)) =
        unsafe { (std::slice::from_raw_parts(bytes.cast::<u8>(), size), handle(file)) };
    answer(disk.write(handle.file, place(offset), source))
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: an open file of ours.
    let (handle, mut disk) = unsafe { handle(file) };
    answer(disk.truncate(handle.file, place(size)))
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: an open file of ours.
    let (handle, mut disk) = unsafe { handle(file) };
    answer(disk.sync(handle.file, std::mem::take(&mut handle.syncs_folder)))
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file of ours and a place for the answer.
    unsafe {
        let (handle, disk) = handle(file);
        let Ok(size) = disk.size(handle.file) else { return ffi::SQLITE_IOERR };
        *out = ffi::sqlite3_int64::try_from(size).unwrap_or(ffi::sqlite3_int64::MAX);
    }
    ffi::SQLITE_OK
}

/// One connection at a time: there is nobody to lock out.
unsafe extern "C" fn lock_or_unlock(_file: *mut ffi::sqlite3_file, _level: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(_file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite hands in a place for the answer.
    unsafe { *out = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(
    _file: *mut ffi::sqlite3_file,
    _operation: c_int,
    _argument: *mut c_void,
) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    SECTOR_BYTES_REPORTED
}

unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

fn answer(done: Result<(), Refused>) -> c_int {
    match done {
        Ok(()) => ffi::SQLITE_OK,
        Err(Refused::Full) => ffi::SQLITE_FULL,
        Err(Refused::Dark | Refused::Broken) => ffi::SQLITE_IOERR,
    }
}
