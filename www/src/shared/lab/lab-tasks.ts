/**
 * Everything that the lab's worker can be asked for, by name. Each view has its tasks in a file of its own here (`*-tasks.ts`)
 * and their code beside the worker (`worker/lab/*-work.ts`).
 */
import type { CommonTasks } from './common-tasks.ts';
import type { EvaluateTasks } from './evaluate-tasks.ts';
import type { InsideTasks } from './inside-tasks.ts';
import type { TrainTasks } from './train-tasks.ts';
import type { WhyTasks } from './why-tasks.ts';

export type Tasks = CommonTasks & EvaluateTasks & InsideTasks & TrainTasks & WhyTasks;
export type TaskName = keyof Tasks;
