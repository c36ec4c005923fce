// SPDX-License-Identifier: GPL-2.0
/*
 * Races of unloading the module.
 */
#include "race.h"

/* Nothing is mounted when it begins. */
#define HERE	TESTFS_SCRATCH "/module"

FIXTURE(race)
{
	int root;
};

FIXTURE_SETUP(race)
{
	/* Where a test failed, it may have gone. */
	testfs_load();
	ASSERT_EQ(0, mkdir(HERE, 0755));
	self->root = open(HERE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->root);
}

FIXTURE_TEARDOWN(race)
{
	char path[32];
	int i;

	for (i = 0; i < RACE_WORKERS; i++) {
		snprintf(path, sizeof(path), HERE "/%d", i);
		while (!umount2(path, MNT_DETACH))
			;
		rmdir(path);
	}
	EXPECT_EQ(0, rmdir(HERE));
}

#define holders	(race->value[0])
#define unloads	(race->value[1])
#define refused	(race->value[2])

static void unload_and_load(int root)
{
	(void)root;
	while (race_on()) {
		if (MAY(syscall(SYS_delete_module, testfs_type(), O_NONBLOCK), EWOULDBLOCK)) {
			atomic_fetch_add(&refused, 1);
			continue;
		}
		if (atomic_load(&holders))
			WRONG("it went while %ld used it", atomic_load(&holders));
		atomic_fetch_add(&unloads, 1);
		MUST(!testfs_registered());
		testfs_load();
	}
}

/* Mounts, and uses the mount also when it has been taken away. */
static void mount_and_use(int root)
{
	char path[32], text[8] = "";
	int fd, dir;

	snprintf(path, sizeof(path), HERE "/%d", race_me);
	MUST(!mkdir(path, 0755));
	while (race_on()) {
		if (race_plant())
			atomic_fetch_add(&holders, 1);
		else if (MAY(mount("race", path, testfs_type(), 0, NULL), ENODEV))
			continue;
		else
			atomic_fetch_add(&holders, 1);
		dir = openat(root, strrchr(path, '/') + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		MUST(dir >= 0);
		fd = openat(dir, "f", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
		MUST(fd >= 0 && write(fd, "text", 4) == 4);
		usleep(race_random(500));
		if (race_plant())
			MUST(!unlinkat(dir, "f", 0));
		else
			MUST(!umount2(path, MNT_DETACH));
		close(dir);
		MUST(pread(fd, text, 8, 0) == 4 && !strcmp(text, "text"));
		atomic_fetch_sub(&holders, 1);
		close(fd);
		/* Who unloads shall have a chance. */
		usleep(race_random(5000));
	}
	MUST(!rmdir(path));
}

/* Who mounts what is not there would have the kernel run a program each time. */
static void set_modprobe(const char *to, char *was, size_t size)
{
	int fd = open("/proc/sys/kernel/modprobe", O_RDWR | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return;
	length = was ? read(fd, was, size - 1) : 0;
	if (was)
		was[length > 0 ? length : 0] = '\0';
	if (pwrite(fd, to, strlen(to), 0) < 0)
		ksft_print_msg("cannot set kernel.modprobe: %s\n", strerror(errno));
	close(fd);
}

static void end_unloading(struct __test_metadata *_metadata, const char *was)
{
	set_modprobe(was, NULL, 0);
	/* Of the two that it can come to, each did, where there was time. */
	EXPECT_LT(0, atomic_load(&unloads) + atomic_load(&refused));
	if (race_seconds() < 10 || race_planted)
		return;
	EXPECT_LT(0, atomic_load(&unloads));
	EXPECT_LT(0, atomic_load(&refused));
}

#define LOADED	"%s was loaded before the test, which must not unload it"

RACE(module_unload_mount)
{
	char was[256] = "";

	if (!testfs_loaded)
		SKIP(return, LOADED, testfs_type());
	set_modprobe("\n", was, sizeof(was));
	RACE_RUN(unload_and_load, mount_and_use, mount_and_use);
	end_unloading(_metadata, was);
}

#define SIZE	(4 * PAGE)

/* How many names there are in a directory, or -1. */
static int names_in(int dir)
{
	DIR *d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;
	int count = 0;

	if (!d)
		return -1;
	while ((e = readdir(d)))
		count += e->d_name[0] != '.';
	closedir(d);
	return count;
}

/* Has something mapped, listed, frozen, written back; at last, a mapping is all that holds the mount. */
static void use_everything(int root)
{
	char path[32];
	unsigned char *map, byte;
	int fd, dir, i, frozen, names, synced, thawed;
	bool plant;

	snprintf(path, sizeof(path), HERE "/%d", race_me);
	MUST(!mkdir(path, 0755));
	while (race_on()) {
		plant = race_plant();
		if (!plant && MAY(mount("race", path, testfs_type(), 0, NULL), ENODEV))
			continue;
		atomic_fetch_add(&holders, 1);
		dir = openat(root, strrchr(path, '/') + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		MUST(dir >= 0);
		fd = openat(dir, "f", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
		MUST(fd >= 0 && !ftruncate(fd, SIZE));
		map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		MUST(map != MAP_FAILED);
		close(fd);
		byte = 1 + race_random(255);
		memset(map, byte, SIZE);
		MUST(plant || !umount2(path, MNT_DETACH));
		/* What is frozen while its process fails would stay so for ever. */
		frozen = plant ? 0 : ERR(ioctl(dir, FIFREEZE, 0));
		names = names_in(dir);
		synced = ERR(syncfs(dir));
		thawed = plant ? 0 : ERR(ioctl(dir, FITHAW, 0));
		MUST(!frozen && !thawed);
		MUST(!synced);
		MUST(names == 1);
		MUST(map[0] == byte && !memcmp(map, map + 1, SIZE - 1));
		byte = ~byte;
		memset(map, byte, SIZE / 2);
		if (plant)
			MUST(!unlinkat(dir, "f", 0));
		close(dir);
		/* What is planted is only found when nobody else has something mounted. */
		usleep(plant ? 50000 : race_random(1000));
		for (i = 0; i < SIZE; i++)
			MUST(map[i] == (i < SIZE / 2 ? byte : (unsigned char)~byte));
		atomic_fetch_sub(&holders, 1);
		MUST(!munmap(map, SIZE));
		/* Who unloads shall have a chance. */
		usleep(race_random(5000));
	}
	MUST(!rmdir(path));
}

static void sync_and_drop(int root)
{
	(void)root;
	while (race_on()) {
		sync();
		race_drop_caches((const char *[]){ "1", "2", "3" }[race_random(3)]);
		usleep(race_random(1000));
	}
}

RACE(module_unload_everything)
{
	char was[256] = "";

	if (!testfs_loaded)
		SKIP(return, LOADED, testfs_type());
	set_modprobe("\n", was, sizeof(was));
	RACE_RUN(unload_and_load, use_everything, use_everything, sync_and_drop);
	end_unloading(_metadata, was);
}

TESTFS_MAIN_SAMPLEFS
