// SPDX-License-Identifier: GPL-2.0
/*
 * Calls ->lookup() of a directory while i_rwsem is held shared: by this task, by another,
 * or so that nobody can tell any more.
 *
 *	insmod locktrack_shared.ko
 *	cd /sys/module/locktrack_shared/parameters
 *	cat run				# case, what locktrack has to find if it follows holders
 *	echo "other /mnt" > run
 *
 * The other task is a thread that is there from the beginning. It keeps what it takes with
 * "hold /mnt", calls the callback by itself with "ask /mnt", and lets go with "drop /mnt".
 */

#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

/* More locks than locktrack can keep for a task. */
#define MANY 40

struct call {
	struct kthread_work work;
	void (*what)(struct call *call);
	struct dentry *parent;
	struct rw_semaphore *sem;
	int ret;
};

static struct kthread_worker *other;
static DEFINE_MUTEX(run_lock);

static void lookup(struct call *call)
{
	struct inode *dir = d_inode(call->parent);
	struct dentry *dentry, *found;

	dentry = d_alloc_parallel(call->parent, &QSTR("locktrack_shared"));
	if (IS_ERR(dentry)) {
		call->ret = PTR_ERR(dentry);
		return;
	}
	/* Whatever the last case left in the cache. */
	if (!d_in_lookup(dentry)) {
		d_drop(dentry);
		dput(dentry);
		call->ret = -EAGAIN;
		return;
	}
	found = dir->i_op->lookup(dir, dentry, 0);
	d_lookup_done(dentry);
	if (IS_ERR(found))
		call->ret = PTR_ERR(found);
	else
		dput(found);
	d_drop(dentry);
	dput(dentry);
}

/* What the other task does. */

static void take(struct call *call)
{
	down_read(call->sem);
}

static void release(struct call *call)
{
	up_read(call->sem);
}

static void write(struct call *call)
{
	down_write(call->sem);
}

static void downgrade(struct call *call)
{
	downgrade_write(call->sem);
}

static void work(struct kthread_work *work)
{
	struct call *call = container_of(work, struct call, work);

	call->what(call);
}

static void by_other(struct call *call, void (*what)(struct call *call))
{
	kthread_init_work(&call->work, work);
	call->what = what;
	kthread_queue_work(other, &call->work);
	kthread_flush_work(&call->work);
}

/* The cases. */

static void own_down_read(struct call *call)
{
	down_read(call->sem);
	lookup(call);
	up_read(call->sem);
}

static void own_trylock(struct call *call)
{
	while (!down_read_trylock(call->sem))
		cond_resched();
	lookup(call);
	up_read(call->sem);
}

static void own_killable(struct call *call)
{
	call->ret = down_read_killable(call->sem);
	if (call->ret)
		return;
	lookup(call);
	up_read(call->sem);
}

static void own_interruptible(struct call *call)
{
	call->ret = down_read_interruptible(call->sem);
	if (call->ret)
		return;
	lookup(call);
	up_read(call->sem);
}

static void own_downgraded(struct call *call)
{
	down_write(call->sem);
	downgrade_write(call->sem);
	lookup(call);
	up_read(call->sem);
}

static void other_holds(struct call *call)
{
	by_other(call, take);
	lookup(call);
	by_other(call, release);
}

static void both_hold(struct call *call)
{
	by_other(call, take);
	own_down_read(call);
	by_other(call, release);
}

/* This task held it, too, but does not any more. */
static void other_goes_on(struct call *call)
{
	down_read(call->sem);
	by_other(call, take);
	up_read(call->sem);
	lookup(call);
	by_other(call, release);
}

static void failed_trylock(struct call *call)
{
	by_other(call, write);
	if (down_read_trylock(call->sem)) {
		call->ret = -EINVAL;
		return;
	}
	by_other(call, downgrade);
	lookup(call);
	by_other(call, release);
}

/* Another task releases what this one took. */
static void handed_over(struct call *call)
{
	down_read(call->sem);
	by_other(call, release);
	by_other(call, take);
	lookup(call);
	by_other(call, release);
}

static void too_many(struct call *call)
{
	struct rw_semaphore *sems;
	int i;

	sems = kcalloc(MANY, sizeof(*sems), GFP_KERNEL);
	if (!sems) {
		call->ret = -ENOMEM;
		return;
	}
	for (i = 0; i < MANY; i++) {
		init_rwsem(&sems[i]);
		down_read(&sems[i]);
	}
	own_down_read(call);
	for (i = 0; i < MANY; i++)
		up_read(&sems[i]);
	kfree(sems);
}

/* The other task, which is older than what follows holders. */
static void old_holds(struct call *call)
{
	by_other(call, own_down_read);
}

static void old_does_not(struct call *call)
{
	down_read(call->sem);
	by_other(call, lookup);
	up_read(call->sem);
}

static void hold(struct call *call)
{
	by_other(call, take);
}

static void ask(struct call *call)
{
	by_other(call, lookup);
}

static void drop(struct call *call)
{
	by_other(call, release);
}

static const struct {
	const char *name;
	void (*run)(struct call *call);
	/* What a kernel without lockdep finds if holders are followed. */
	const char *found;
} cases[] = {
	{ "own-down_read", own_down_read, "shared" },
	{ "own-trylock", own_trylock, "shared" },
	{ "own-killable", own_killable, "shared" },
	{ "own-interruptible", own_interruptible, "shared" },
	{ "own-downgraded", own_downgraded, "shared" },
	{ "both", both_hold, "shared" },
	{ "other", other_holds, "not-held" },
	{ "other-goes-on", other_goes_on, "not-held" },
	{ "failed-trylock", failed_trylock, "not-held" },
	{ "handed-over", handed_over, "someone-shared" },
	{ "too-many", too_many, "someone-shared" },
	{ "old", old_holds, "shared" },
	{ "old-other", old_does_not, "someone-shared" },
	{ "hold", hold, "-" },
	{ "ask", ask, "-" },
	{ "drop", drop, "-" },
};

static int run(int index, const char *name)
{
	struct call call = {};
	struct path path;
	int ret;

	ret = kern_path(name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	if (ret)
		return ret;
	call.parent = path.dentry;
	call.sem = &d_inode(path.dentry)->i_rwsem;
	mutex_lock(&run_lock);
	cases[index].run(&call);
	mutex_unlock(&run_lock);
	path_put(&path);
	return call.ret;
}

static int run_set(const char *value, const struct kernel_param *kp)
{
	char *text, *path, *name;
	int i, ret = -EINVAL;

	text = kstrdup(value, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	path = strim(text);
	name = strsep(&path, " ");
	for (i = 0; path && i < ARRAY_SIZE(cases); i++) {
		if (!strcmp(cases[i].name, name)) {
			ret = run(i, path);
			break;
		}
	}
	kfree(text);
	return ret;
}

static int run_get(char *buffer, const struct kernel_param *kp)
{
	int i, length = 0;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		length += scnprintf(buffer + length, PAGE_SIZE - length, "%s %s\n",
				    cases[i].name, cases[i].found);
	return length;
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
	.get = run_get,
};

module_param_cb(run, &run_ops, NULL, 0600);
MODULE_PARM_DESC(run, "CASE DIRECTORY: call ->lookup() of the directory; read for the cases");

static int __init locktrack_shared_init(void)
{
	other = kthread_run_worker(0, "locktrack_other");
	return PTR_ERR_OR_ZERO(other);
}
module_init(locktrack_shared_init);

static void __exit locktrack_shared_exit(void)
{
	kthread_destroy_worker(other);
}
module_exit(locktrack_shared_exit);

MODULE_AUTHOR("The samplefs and locktrack authors");
MODULE_DESCRIPTION("Calls a callback while a lock is held shared by this or another task");
MODULE_LICENSE("GPL");
