use super::*;

fn state(path: &Path) -> (u32, u32, u32) {
    fs::metadata(path).map(|found| (found.uid(), found.gid(), found.mode() & 0o7777)).unwrap()
}

#[test]
fn owner_mode_and_attributes_stay_and_nothing_is_left_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    // Only root can give a file away, and not each file system has attributes.
    let _ = std::os::unix::fs::chown(&path, Some(12), Some(34));
    let set = |name: &&str| xattr::set(&path, *name, b"kept").is_ok();
    let attributes: Vec<&str> = ["user.note", "security.selinux"].into_iter().filter(set).collect();
    println!("attributes that can be set here: {attributes:?}");
    let (before, inode) = (state(&path), fs::metadata(&path).unwrap().ino());
    replace(&path, b"new", 0o644).unwrap();
    assert_eq!((fs::read_to_string(&path).unwrap().as_str(), state(&path)), ("new", before));
    assert_ne!(fs::metadata(&path).unwrap().ino(), inode, "written in place");
    for name in attributes {
        assert_eq!(xattr::get(&path, name).ok().flatten().as_deref(), Some(&b"kept"[..]), "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn links_are_followed_to_what_is_there_and_to_what_is_not_yet() {
    let folder = tempfile::tempdir().unwrap();
    let [real, first, second, round] = ["real", "first", "second", "round"].map(|name| folder.path().join(name));
    std::os::unix::fs::symlink("real", &first).unwrap();
    std::os::unix::fs::symlink(&first, &second).unwrap();
    for text in ["one", "two"] {
        replace(&second, text.as_bytes(), 0o600).unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), text);
        assert!(
            fs::symlink_metadata(&second).unwrap().is_symlink() && fs::symlink_metadata(&first).unwrap().is_symlink()
        );
        assert_eq!(state(&real).2, 0o600);
    }
    std::os::unix::fs::symlink("round", &round).unwrap();
    assert_eq!(replace(&round, b"text", 0o600).unwrap_err().raw_os_error(), Some(libc::ELOOP));
}

#[test]
fn a_file_with_two_names_keeps_both() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    fs::write(&one, "a longer old text").unwrap();
    fs::hard_link(&one, &two).unwrap();
    for text in ["short", "a text that is longer than all before it"] {
        replace(&one, text.as_bytes(), 0o644).unwrap();
        assert_eq!(fs::read_to_string(&two).unwrap(), text);
    }
}

#[test]
fn errors_are_the_kernels_and_name_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let missing = replace(&folder.path().join("no/file"), b"text", 0o644).unwrap_err();
    assert_eq!(missing.raw_os_error(), Some(libc::ENOENT), "{missing}");
    assert!(replace(folder.path(), b"text", 0o644).is_err());
    // Nobody can make a file there, and there is none to be written in place.
    let error = replace(Path::new("/proc/self/file"), b"text", 0o644).unwrap_err();
    assert!(error.raw_os_error().is_some() && !error.to_string().contains(".rntpdate-"), "{error}");
}

/// In a folder such as /tmp a link of somebody else's leads nowhere; only root can make one.
#[test]
fn links_of_others_in_an_open_folder_are_not_followed() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o1777)).unwrap();
    let [real, link] = ["real", "link"].map(|name| folder.path().join(name));
    fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(12), None).unwrap();
    assert_eq!(replace(&link, b"new", 0o644).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(fs::read_to_string(&real).unwrap(), "old");
}
