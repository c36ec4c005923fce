// SPDX-License-Identifier: GPL-2.0
/*
 * Breaks one rule from more places than locktrack has records for.
 *
 *	insmod locktrack_flood.ko
 *	echo /mnt > /sys/module/locktrack_flood/parameters/run
 *
 * calls ->setattr() of the directory's filesystem CALLERS times, from as many places of
 * the code, without i_rwsem. Nothing is set, so that the missing lock harms nobody.
 *
 *	echo 1000 > /sys/module/locktrack_flood/parameters/rounds
 *	echo /mnt > /sys/module/locktrack_flood/parameters/ten
 *	echo /mnt > /sys/module/locktrack_flood/parameters/many
 *
 * calls it so often, from 10 places, and from 10000, each of them once in 1000 rounds.
 *
 *	echo /mnt > /sys/module/locktrack_flood/parameters/race
 *
 * calls it on two CPUs at the same time, again and again from another place.
 */

#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>

#define TEN(call) call call call call call call call call call call
#define CALLERS 300

static int flood(struct mnt_idmap *idmap, struct dentry *dentry)
{
	int (*setattr)(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr);
	struct iattr attr = {};
	int ret = 0;

	setattr = d_inode(dentry)->i_op->setattr;
	if (!setattr)
		return -EOPNOTSUPP;
	TEN(TEN(ret = ret ?: setattr(idmap, dentry, &attr);))
	TEN(TEN(ret = ret ?: setattr(idmap, dentry, &attr);))
	TEN(TEN(ret = ret ?: setattr(idmap, dentry, &attr);))
	return ret;
}

static unsigned int rounds = 1;
module_param(rounds, uint, 0600);
MODULE_PARM_DESC(rounds, "how often the other two do it");

static int ten(struct mnt_idmap *idmap, struct dentry *dentry)
{
	int (*setattr)(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr);
	struct iattr attr = {};
	int ret = 0;

	setattr = d_inode(dentry)->i_op->setattr;
	if (!setattr)
		return -EOPNOTSUPP;
	for (unsigned int i = 0; i < rounds; i++) {
		TEN(ret = ret ?: setattr(idmap, dentry, &attr);)
	}
	return ret;
}

/* The same from 1000 times as many places. */
static int many(struct mnt_idmap *idmap, struct dentry *dentry)
{
	int (*setattr)(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr);
	struct iattr attr = {};
	int ret = 0;

	setattr = d_inode(dentry)->i_op->setattr;
	if (!setattr)
		return -EOPNOTSUPP;
	for (unsigned int i = 0; i < rounds; i += 1000) {
		TEN(TEN(TEN(TEN(ret = ret ?: setattr(idmap, dentry, &attr);))))
	}
	return ret;
}

/* Two that call it from the same place at the same time. */
struct racer {
	struct mnt_idmap *idmap;
	struct dentry *dentry;
	atomic_t *arrived;
	struct completion done;
};

static void meet(atomic_t *arrived, int *turn)
{
	atomic_inc(arrived);
	*turn += 2;
	while (atomic_read(arrived) < *turn)
		cond_resched();
}

static int race_calls(void *data)
{
	int (*setattr)(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr);
	struct racer *racer = data;
	struct iattr attr = {};
	int turn = 0;

	setattr = d_inode(racer->dentry)->i_op->setattr;
	TEN(TEN(meet(racer->arrived, &turn); setattr(racer->idmap, racer->dentry, &attr);))
	kthread_complete_and_exit(&racer->done, 0);
}

static int race(struct mnt_idmap *idmap, struct dentry *dentry)
{
	atomic_t arrived = ATOMIC_INIT(0);
	struct racer racers[2];
	struct task_struct *tasks[2];
	unsigned int cpu, count = 0;

	if (!d_inode(dentry)->i_op->setattr)
		return -EOPNOTSUPP;
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		struct racer *racer = &racers[count];

		*racer = (struct racer){ idmap, dentry, &arrived };
		init_completion(&racer->done);
		tasks[count] = kthread_create_on_cpu(race_calls, racer, cpu, "locktrack_race");
		if (IS_ERR(tasks[count]))
			break;
		if (++count == ARRAY_SIZE(racers))
			break;
	}
	cpus_read_unlock();
	if (count < ARRAY_SIZE(racers)) {
		if (count)
			kthread_stop(tasks[0]);
		return -ENODEV;
	}
	for (count = 0; count < ARRAY_SIZE(racers); count++)
		wake_up_process(tasks[count]);
	for (count = 0; count < ARRAY_SIZE(racers); count++)
		wait_for_completion(&racers[count].done);
	return 0;
}

static int run_set(const char *value, const struct kernel_param *kp)
{
	int (*call)(struct mnt_idmap *idmap, struct dentry *dentry) = kp->arg;
	struct path path;
	char *text;
	int ret;

	text = kstrdup(value, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	ret = kern_path(strim(text), LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
	kfree(text);
	if (ret)
		return ret;
	ret = mnt_want_write(path.mnt);
	if (!ret) {
		ret = call(mnt_idmap(path.mnt), path.dentry);
		mnt_drop_write(path.mnt);
	}
	path_put(&path);
	return ret;
}

static int run_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", CALLERS);
}

static const struct kernel_param_ops run_ops = {
	.set = run_set,
	.get = run_get,
};

static const struct kernel_param_ops call_ops = {
	.set = run_set,
};

module_param_cb(run, &run_ops, flood, 0600);
MODULE_PARM_DESC(run, "DIRECTORY: break a rule on its filesystem from many places; read for how many");
module_param_cb(ten, &call_ops, ten, 0200);
MODULE_PARM_DESC(ten, "DIRECTORY: break it from 10 places");
module_param_cb(many, &call_ops, many, 0200);
MODULE_PARM_DESC(many, "DIRECTORY: break it from 10000 places");
module_param_cb(race, &call_ops, race, 0200);
MODULE_PARM_DESC(race, "DIRECTORY: break it on two CPUs at the same time");

static int __init locktrack_flood_init(void)
{
	return 0;
}
module_init(locktrack_flood_init);

static void __exit locktrack_flood_exit(void)
{
}
module_exit(locktrack_flood_exit);

MODULE_AUTHOR("The samplefs and locktrack authors");
MODULE_DESCRIPTION("Breaks one lock rule from very many places");
MODULE_LICENSE("GPL");
